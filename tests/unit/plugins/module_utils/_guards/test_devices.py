# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._guards import devices
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import (
    EVERY_EFFECT,
    LOSES_DRIVER,
    PORT,
    SETTINGS,
    SWITCH,
    Holder,
    Use,
)
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link

UUID = "7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01"
T4 = "0000:3b:00.0"


def observe(host, made=(), found=()):
    root = host.root()
    scene = Scene(pci.observe(root), list(made), Processes(root), found=tuple(found))
    return list(devices.observe(root, scene))


def test_mediated_devices_of_a_card(simulated):
    host = simulated("t4")
    made = [
        Device("0000:3b:00.0", "mdev", uuid="u1"),
        Device("0000:3b:00.0", "mdev", uuid="u2", state="defined"),
    ]
    (use,) = observe(host, made)
    assert (use.subject, use.clause, use.ended_by) == (T4, "carries mdev u1", LOSES_DRIVER | {SWITCH})


@pytest.mark.parametrize(
    ("name", "active", "used"), [(UUID, False, True), (UUID.upper(), False, True), (UUID, True, False)]
)
def test_defined_device_of_a_stopped_guest(simulated, name, active, used):
    host = simulated("t4")
    host.kernel.tree.add(f"etc/mdevctl.d/{T4}/{name}", Attribute(b'{"mdev_type": "nvidia-231", "start": "manual"}'))
    advice = "detach the device from the guest"
    guest = Use(UUID, "libvirt", EVERY_EFFECT, advice, Holder(None, None, "desktop-1", running=False))
    made = [Device(T4, "mdev", uuid=UUID)] if active else []
    found = [(use.subject, use.clause, use.advice) for use in observe(host, made, [guest]) if use.advice == advice]
    clause = f"is the parent of mdev {UUID}, which is defined and in use by guest desktop-1 (defined)"
    assert found == ([(T4, clause, advice)] if used else [])
    assert observe(host) == []


@pytest.mark.parametrize("asked", [(), (T4,), ("0000:01:00.0",)])
def test_warning_of_a_device_whose_card_is_unknown(simulated, asked):
    host = simulated("t4")
    guest = Use(UUID, "libvirt", EVERY_EFFECT, "detach it", Holder(None, None, "desktop-1", running=False))
    root = host.root()
    scene = Scene(pci.observe(root), [], Processes(root), frozenset(asked), found=(guest,))
    assert list(devices.observe(root, scene)) == []
    sentence = (
        f"mdev {UUID} of guest desktop-1 (defined) neither exists nor is defined. Check that it does not belong to "
        f"{T4}: this change prevents its creation there"
    )
    assert root.warnings == [sentence] * (T4 in asked)


@pytest.mark.parametrize("visible", [True, False])
def test_interface_of_another_namespace(simulated, visible):
    host = simulated("nics")
    assert observe(host) == []
    tree = host.kernel.tree
    tree.remove(tree.resolve("sys/class/net/enp1s0f0")[0])
    for process, namespace in ((1, "net:[1]"), (77, "net:[2]")) if visible else ():
        tree.add(f"proc/{process}/ns/net", Link(namespace))
        tree.add(f"proc/{process}/comm", Attribute(b"pause\n"))
        target = f"../../devices/pci0000:00/0000:01:00.{process % 7}/net/eth0"
        tree.add(f"proc/{process}/root/sys/class/net/eth0", Link(target))
    (use,) = observe(host)
    assert ("namespace (pid 77, pause), and" in use.clause) is visible
    assert (use.subject, "network namespace" in use.clause) == ("0000:01:00.0", True)
    # New settings of a virtual function would cut the traffic of the container.
    assert SETTINGS in use.ended_by


@pytest.mark.parametrize("configured", [True, False])
def test_processes_are_asked_once_for_all_interfaces_in_other_namespaces(simulated, configured):
    host = simulated("nics")
    tree = host.kernel.tree
    for process in range(70, 80):
        tree.add(f"proc/{process}/ns/net", Link(f"net:[{process}]"))
        tree.add(f"proc/{process}/comm", Attribute(b"pause\n"))
        tree.add(f"proc/{process}/root/sys/class/net/lo", Link("../../devices/virtual/net/lo"))
    tree.add("proc/1/ns/net", Link("net:[1]"))
    for number, name in enumerate(("enp1s0f0", "enp1s0f1")):
        tree.remove(tree.resolve(f"sys/class/net/{name}")[0])
        target = f"../../devices/pci0000:00/0000:01:00.{number}/net/eth0"
        tree.add(f"proc/7{number}/root/sys/class/net/eth0", Link(target))
    root = host.root()
    scene = Scene(pci.observe(root), [], Processes(root), configured=configured)
    clauses = [use.clause for use in devices.observe(root, scene)]
    assert [f"pid 7{number}, pause" in clause for number, clause in enumerate(clauses)] == [configured] * 2
    listings = {path: count for path, count in host.files.listings.items() if path.startswith("proc/7")}
    # Once for these interfaces, and once for those on top of the other interfaces of the host.
    assert set(listings.values()) == {1 + configured}


@pytest.mark.parametrize(
    ("path", "target", "clause"),
    [
        ("sys/bus/vdpa/devices/vdpa0", "{}/vdpa0", "carries the vDPA device vdpa0 (vdpa dev del vdpa0 removes it)"),
        (
            "sys/bus/auxiliary/devices/mlx5_core.sf.4",
            "{}/mlx5_core.sf.4",
            "carries the subfunction mlx5_core.sf.4 (devlink port del removes it)",
        ),
        ("sys/bus/auxiliary/devices/mlx5_core.rdma.0", "{}/mlx5_core.rdma.0", None),
    ],
)
def test_devices_of_other_subsystems(simulated, path, target, clause):
    host = simulated("nics")
    tree = host.kernel.tree
    card = tree.resolve("sys/bus/pci/devices/0000:01:00.1")[0]
    tree.directory(target.format(card))
    tree.link(path, target.format(card))
    assert [(use.subject, use.clause) for use in observe(host)] == ([("0000:01:00.1", clause)] if clause else [])


@pytest.mark.parametrize("driver", ["pciback", "xen-pciback"])
def test_card_of_a_guest_of_xen(simulated, driver):
    host = simulated("nics")
    root = host.root()
    functions = pci.observe(root)
    functions["0000:01:00.1"] = functions["0000:01:00.1"]._replace(driver=driver)
    (use,) = devices.observe(root, Scene(functions, [], Processes(root)))
    assert (use.subject, use.ended_by) == ("0000:01:00.1", EVERY_EFFECT)
    assert use.clause == f"is assigned to guests of Xen by its driver {driver}"


def test_macvlan_of_a_container(simulated):
    host = simulated("nics")
    tree = host.kernel.tree
    tree.add(f"{tree.resolve('sys/class/net/ens49f0np0')[0]}/ifindex", Attribute(b"3\n"))
    for process, namespace in ((1, "net:[1]"), (77, "net:[2]")):
        tree.add(f"proc/{process}/ns/net", Link(namespace))
    tree.add("proc/77/comm", Attribute(b"pause\n"))
    tree.add("proc/77/root/sys/class/net/eth1/uevent", Attribute(b"IFINDEX=2\n"))
    tree.add("proc/77/root/sys/class/net/eth1/iflink", Attribute(b"3\n"))
    (use,) = observe(host)
    assert use.subject == "0000:31:00.0"
    assert (
        use.clause
        == "has the interface ens49f0np0, which is below interface eth1 of pid 77, pause, in another network namespace"
    )
    assert PORT in use.ended_by


def test_interface_of_a_virtio_card_in_another_namespace(simulated):
    host = simulated("nics")
    tree = host.kernel.tree
    card = tree.resolve("sys/bus/pci/devices/0000:01:00.1")[0]
    tree.remove(f"{card}/net")
    tree.remove("sys/class/net/enp1s0f1")
    tree.directory(f"{card}/virtio3/net")
    (use,) = observe(host)
    assert (use.subject, "network namespace" in use.clause) == ("0000:01:00.1", True)
