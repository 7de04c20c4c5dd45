# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import problems as core_problems
from ansible_collections.vfio.devices.plugins.module_utils._devices.binding import binding_of_option, native
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Binding, Card, GroupPeer, VirtualFunction
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import CardTarget
from ansible_collections.vfio.devices.plugins.module_utils._modes import checks
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute, Link
from ansible_collections.vfio.devices.tests.unit.domains import told

ICE, IGB = "0000:31:00.0", "0000:01:00.1"
# Other functions of a GPU's card.
AUDIO, USB, UCSI = ("040300", "snd_hda_intel"), ("0c0330", "xhci_hcd"), ("0c8000", "nvidia-gpu")


def refusal(run, *functions, **options):
    with pytest.raises(core_problems.Refused) as refused:
        run(*functions, **options)
    return refused.value.problems


def test_all_uses_of_all_cards_at_once(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "3", "vf_driver": "vfio-pci"}, {"pf": IGB, "mode": "pf"})
    for index in (0, 2):
        run.host.kernel.hold(run.card(ICE)["virtual"][index][0], pid=5000 + index)
    run.host.kernel.hold(IGB, pid=6000)
    problems = refusal(
        run,
        {"pf": ICE, "mode": "vf", "num_vfs": "0"},
        {"pf": IGB, "mode": "vf", "num_vfs": "1"},
        {"pf": "enp1s0f0", "mode": "vf", "num_vfs": "1"},
    )
    assert len(problems) == 4
    for pid, problem in zip((5000, 5002, 6000), problems):
        assert f"pid {pid}" in problem
    assert (
        "Select another card. sriov_allow_host_network: true changes the card anyway, and the host can lose its "
        "network connection"
    ) in problems[3]


def test_what_needs_no_change_of_the_port_is_allowed_on_the_default_route(switch):
    run = switch("nics")
    run({"pf": "enp1s0f0", "mode": "vf", "num_vfs": "2"}, allow_host_network=True)
    run({"pf": "enp1s0f0", "mode": "vf", "vf_driver": "vfio-pci"})


def test_connection_of_this_run(switch):
    run = switch("nics", connection=["192.0.2.9"], routes=[])
    assert run({"pf": "enp1s0f0", "mode": "vf", "num_vfs": "1"}, check=True)["changed"]
    run = switch("nics", connection=["192.0.2.9"])
    assert "carries the connection of this run (192.0.2.9)" in refusal(run, {"pf": "enp1s0f0", "mode": "pf"})[0]


def test_interface_of_a_virtual_function(switch):
    run = switch("nics")
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    interface = result["functions"][0]["after"]["virtual_functions"][1]["netdev"]
    tree = run.host.kernel.tree
    tree.directory("sys/devices/virtual/net/br0/bridge")
    tree.link("sys/class/net/br0", "sys/devices/virtual/net/br0")
    tree.link(f"{tree.resolve(f'sys/class/net/{interface}')[0]}/master", "sys/devices/virtual/net/br0")
    (problem,) = refusal(run, {"pf": ICE, "mode": "vf", "vf_driver": "vfio-pci"})
    assert (
        f"{interface}, which is a port of the bridge br0, so it cannot change its driver. Select another card"
        in problem
    )
    run({"pf": ICE, "mode": "vf", "vfs": [{"index": "0", "driver": "vfio-pci"}]})
    run({"pf": ICE, "mode": "pf"}, allow_host_network=True)


def move_to_a_container(run, interface):
    tree = run.host.kernel.tree
    tree.remove(tree.resolve(f"sys/class/net/{interface}")[0])
    tree.remove(f"sys/class/net/{interface}")


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"num_vfs": "0"}, "be removed"),
        ({"vf_driver": "vfio-pci"}, "change its driver"),
        ({"vfs": [{"index": "1", "vlan": "7"}]}, "be set up again"),
    ],
)
def test_interface_that_a_container_has(switch, wanted, what):
    run = switch("nics")
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    virtual = result["functions"][0]["after"]["virtual_functions"][1]
    move_to_a_container(run, virtual["netdev"])
    (problem,) = refusal(run, {"pf": ICE, "mode": "vf", **wanted}, allow_host_network=True)
    assert problem.startswith(
        f"functions[0] ({ICE}): VF {virtual['address']} of {ICE} has its network interface in ano"
    )
    assert f", so it cannot {what}. Stop this use first" in problem
    run({"pf": ICE, "mode": "vf", "vfs": [{"index": "0", "driver": "vfio-pci"}]})


def test_card_whose_interface_a_container_has(switch):
    run = switch("nics")
    move_to_a_container(run, "ens49f0np0")
    assert "in another network namespace" in refusal(run, {"pf": ICE, "mode": "pf"})[0]


def test_disk_that_a_process_has_open(switch):
    run = switch("nvme")
    tree = run.host.kernel.tree
    tree.add("proc/77/comm", Attribute(b"ceph-osd\n"))
    tree.add("proc/77/fd/5", Link("/dev/nvme0n1"))
    tree.add("proc/77/fdinfo/5", Attribute(b"flags:\t02\n"))
    run({"pf": "0000:61:00.0", "mode": "vf", "num_vfs": "2"})
    (problem,) = refusal(run, {"pf": "0000:61:00.0", "mode": "pf"})
    assert (
        "(0000:61:00.0): it carries a disk of this host (nvme0n1 is in use by pid 77, ceph-osd" in problem
        and "), so it cannot be unbound from its driver. Select another card" in problem
    )


def test_without_an_iommu_nothing_is_passed_through(switch):
    run = switch("nics", iommu="none")
    assert (
        "has no IOMMU group, so it cannot be passed through. Enable the IOMMU with the role vfio.devices.iommu, and "
        "reboot the host" in refusal(run, {"pf": ICE, "mode": "pf"})[0]
    )
    assert (
        "has no IOMMU group, so it cannot be passed through. Enable the IOMMU with the role vfio.devices.iommu, and "
        "reboot the host" in refusal(run, {"pf": ICE, "mode": "vf", "num_vfs": "1", "vf_driver": "vfio-pci"})[0]
    )
    run({"pf": ICE, "mode": "vf", "num_vfs": "1"})


SHARED = {
    "functions": [
        {"address": "0000:01:00.0", "vendor": "8086", "device": "10d3", "class_code": "020000", "driver": "igb"},
        {
            "address": "0000:01:00.1",
            "vendor": "8086",
            "device": "10d3",
            "class_code": "020000",
            "driver": "igb",
            "group_with": "0000:01:00.0",
        },
    ]
}


def test_rest_of_the_group_has_to_come_along(switch):
    run = switch(SHARED)
    (problem,) = refusal(run, {"pf": "0000:01:00.0", "mode": "pf"})
    assert "shares IOMMU group" in problem
    assert "0000:01:00.1, which igb has" in problem
    run({"pf": "0000:01:00.0", "mode": "pf"}, {"pf": "0000:01:00.1", "mode": "pf"})


UNUSABLE = "0000:01:00.0 cannot be used by a guest"


def in_group(address, driver, **more):
    return GroupPeer(address, driver, more.pop("physical_function", None), **more)


def of_group(peers=(), vfs=(), **more):
    """Return a card in group 1; ``vfs`` are the peers of its VFs."""
    virtual = tuple(
        VirtualFunction(f"0000:01:00.{number + 2}", number, Binding(), 1, peers=tuple(others))
        for number, others in enumerate(vfs)
    )
    return Card(
        "0000:01:00.0",
        None,
        Binding(None, "mlx5_core"),
        "host",
        iommu_group=1,
        peers=tuple(peers),
        virtual_functions=virtual,
        **more,
    )


PF, OTHER, ON_VFIO, ON_STUB = (
    in_group("0000:01:00.0", "mlx5_core"),
    *(in_group("0000:01:00.1", driver) for driver in ("mlx5_core", "vfio-pci", "pci-stub")),
)


@pytest.mark.parametrize(
    ("card", "num_vfs", "begins"),
    [
        (
            of_group(vfs=[[OTHER]]),
            1,
            f"0000:01:00.2 of {UNUSABLE}, because IOMMU group 1 also has 0000:01:00.1 ",
        ),
        (
            of_group(vfs=[[PF], [PF]]),
            2,
            f"0000:01:00.2, 0000:01:00.3 of {UNUSABLE}, ",
        ),
        (of_group(vfs=[[ON_VFIO]]), 1, None),
        (of_group(vfs=[[ON_STUB]]), 1, None),
        (of_group(vfs=[[PF]]), 0, None),
        # New VFs will share the group of the bridge above the card.
        (
            of_group([OTHER], is_bridged=True),
            4,
            "new VFs of 0000:01:00.0 would share IOMMU group 1 with 0000:01:00.0, ",
        ),
        (of_group(is_bridged=True), 4, "new VFs of 0000:01:00.0 would share IOMMU group 1 with 0000:01:00.0, because"),
        (of_group([OTHER]), 4, None),
        (of_group(vfs=[[]], is_bridged=True), 4, None),
        (of_group(is_bridged=True), 0, None),
        (of_group(is_bridged=True), None, None),
    ],
)
def test_vfs_that_no_guest_could_use(card, num_vfs, begins):
    target = CardTarget(native("mlx5_core"), num_vfs, vf_binding=binding_of_option("vfio-pci"))
    found = checks.passthrough(card, target, ())
    assert [sentence[: len(begins)] for sentence in found] == [begins] if begins else found == []
    assert checks.passthrough(card, target._replace(vf_binding=None), ()) == []


def test_drive_behind_a_controller_goes_with_it():
    vmd = in_group("0000:00:0e.0", "vmd", is_above=True)
    target = CardTarget(binding_of_option("vfio-pci"), 0, passthrough=True)
    (problem,) = checks.passthrough(of_group([vmd]), target, ("0000:00:0e.0",))
    assert "is behind the controller 0000:00:0e.0, which vmd has" in problem


def test_card_in_its_mode_that_no_guest_can_use_is_told(switch):
    run = switch(SHARED)
    ports = [{"pf": f"0000:01:00.{number}", "mode": "pf"} for number in range(2)]
    run(*ports)
    assert run(*ports)["warnings"] == []
    run(ports[1] | {"driver": "native"}, persist=False)
    result = run(ports[0])
    assert not result["changed"]
    assert "0000:01:00.0 shares IOMMU group" in result["warnings"][0]


@pytest.mark.parametrize("skips", [True, False])
def test_group_waits_for_its_member_that_is_in_use(switch, skips):
    run = switch(gpu(AUDIO, USB))
    tree = run.host.kernel.tree
    audio = tree.resolve("sys/bus/pci/devices/0000:01:00.1")[0]
    tree.add(f"{audio}/sound/pcmC1D3p/dev", Attribute(b"116:7\n"))
    tree.link("sys/class/sound/pcmC1D3p", f"{audio}/sound/pcmC1D3p")
    tree.add("proc/77/comm", Attribute(b"pipewire\n"))
    tree.add("proc/77/fd/5", Link("/dev/pcmC1D3p"))
    cards = [{"pf": f"0000:01:00.{number}", "mode": "pf"} for number in range(3)]
    if not skips:
        (problem,) = refusal(run, *cards)
        assert "in use by pid 77" in problem
        return
    found = run(*cards, on_busy="skip")["functions"]
    assert [one["action"] for one in found] == ["busy"] * 3
    assert "shares IOMMU group 1 with 0000:01:00.1, which is in use" in str(found[0]["busy"])
    assert run.card("0000:01:00.0")["driver"] == "nvidia"


def gpu(*companions):
    """Return a GPU with the other functions of its card, all in one group."""
    functions = [("0", "030000", "nvidia"), *((str(number), *one) for number, one in enumerate(companions, 1))]
    return {
        "functions": [
            {
                "address": f"0000:01:00.{number}",
                "vendor": "10de",
                "device": f"1e0{number}",
                "class_code": kind,
                "driver": driver,
                "group_with": "0000:01:00.0" if number != "0" else None,
            }
            for number, kind, driver in functions
        ]
    }


@pytest.mark.parametrize(
    ("companions", "left"),
    [
        ([AUDIO, USB, UCSI], ["1", "2", "3"]),
        ([AUDIO, ("0c0330", None), ("0c8000", None)], ["1"]),
        ([("040300", "vfio-pci"), USB], ["2"]),
        ([("040300", None)], []),
    ],
)
def test_functions_of_a_gpu_go_together(switch, companions, left):
    run = switch(gpu(*companions))
    card = {"pf": "0000:01:00.0", "mode": "pf"}
    if left:
        (problem,) = refusal(run, card)
        addresses = ", ".join(f'"0000:01:00.{number}"' for number in ["0", *left])
        assert f"such as select: [{addresses}], or unbind" in problem
    assert run(card, *({"pf": f"0000:01:00.{number}", "mode": "pf"} for number in left))["changed"]


def test_group_of_the_mode_without_an_iommu_is_none(switch):
    run = switch("nics", iommu="none")
    tree = run.host.kernel.tree
    device = tree.resolve(f"sys/bus/pci/devices/{ICE}")[0]
    tree.link(f"{device}/iommu_group", "sys/kernel/iommu_groups/0")
    tree.add("sys/kernel/iommu_groups/0/name", Attribute(b"vfio-noiommu\n"))
    tree.link(f"sys/kernel/iommu_groups/0/devices/{ICE}", device)
    run.host.write(f"sys/bus/pci/devices/{ICE}/driver/unbind", ICE)
    # The simulated driver does not support the no-IOMMU mode.
    tree.link(f"{device}/driver", "sys/bus/pci/drivers/vfio-pci")
    facts = run.host.facts("physical_functions", "iommu")
    (card,) = [one for one in facts["physical_functions"] if one["address"] == ICE]
    assert (card["driver"], card["iommu_group"], facts["iommu"]["enabled"]) == ("vfio-pci", None, False)
    wanted = {"pf": ICE, "mode": "vf", "num_vfs": "1", "vf_driver": "vfio-pci"}
    assert "has no IOMMU group" in refusal(run, wanted)[0]
    # A process that has the group open is found nevertheless.
    tree.add("proc/77/fd/5", Link("/dev/vfio/noiommu-0"))
    tree.add("proc/77/comm", Attribute(b"testpmd\n"))
    assert "in use by pid 77" in refusal(run, {"pf": ICE, "mode": "vf", "num_vfs": "1"})[0]


def domains(monkeypatch, found):
    from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt

    monkeypatch.setattr(libvirt, "query_daemon", lambda host: told(found))


def test_defined_domain_keeps_its_functions(switch, monkeypatch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "1"})
    virtual = run.card(ICE)["virtual"][0][0]
    domains(monkeypatch, {virtual: [{"name": "web1", "running": False}]})
    assert "in use by guest web1 (defined)" in refusal(run, {"pf": ICE, "mode": "pf"})[0]
    domains(monkeypatch, {ICE: [{"name": "router", "running": False}]})
    assert "in use by guest router (defined)" in refusal(run, {"pf": ICE, "mode": "vf", "num_vfs": "2"})[0]
    # The domain needs exactly this mode of the card.
    run({"pf": ICE, "mode": "pf"})
    assert run.card(ICE)["driver"] == "vfio-pci"


def test_stopped_container_that_needs_the_driver_keeps_the_card(switch):
    run = switch("nics", files={"var/lib/lxc/web1/config": "lxc.net.0.type = phys\nlxc.net.0.link = ens49f0np0\n"})
    (problem,) = refusal(run, {"pf": ICE, "mode": "pf"})
    assert (
        "in use by guest web1 (defined), so it cannot be unbound from its driver. Remove the device from "
        "/var/lib/lxc/web1/config" in problem
    )


def test_settings_of_a_function_in_use_stay(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"})
    run.host.kernel.hold(run.card(ICE)["virtual"][1][0])
    assert (
        "so it cannot be set up again" in refusal(run, {"pf": ICE, "mode": "vf", "vfs": [{"index": "1", "vlan": 5}]})[0]
    )
    run({"pf": ICE, "mode": "vf", "vfs": [{"index": "0", "vlan": 5}]})


def test_vf_that_libvirt_has_lent_is_left(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "2", "vf_driver": "default"}
    run({**entry, "vf_driver": "vfio-pci"})
    run.host.kernel.hold(run.card(ICE)["virtual"][1][0])
    run(entry)
    assert [one[2] for one in run.card(ICE)["virtual"].values()] == ["iavf", "vfio-pci"]
    assert not run(entry)["changed"]


def test_vgpu_on_a_virtual_function(switch):
    run = switch("l40s")
    pf = "0000:84:00.0"
    virtual = run.card(pf)["virtual"][3][0]
    kind = run.host.kernel.accessor().read(f"sys/bus/pci/devices/{virtual}/nvidia/creatable_vgpu_types").split()[4]
    types = run.host.facts("parents")["parents"][0]["types"]
    assert kind
    run.host.write(f"sys/bus/pci/devices/{virtual}/nvidia/current_vgpu_type", types[0]["id"])
    (problem,) = refusal(run, {"pf": pf, "mode": "pf"})
    assert (
        f"VF {virtual} of {pf} carries a vGPU of type {types[0]['id']}, so it cannot be removed. Stop their users"
        in problem
    )


def test_users_of_the_mdevs_of_a_card_are_named(switch, monkeypatch):
    run = switch("t4")
    pf, kind = "0000:3b:00.0", "nvidia-222"
    first, second = (f"c2177883-f1bb-47f0-914d-32a22e3a880{number}" for number in (1, 2))
    for uuid in (first, second):
        run.host.write(f"sys/class/mdev_bus/{pf}/mdev_supported_types/{kind}/create", uuid)
    carries = f"({pf}): it carries mdev {first}"
    remedy = "so it cannot be unbound from its driver. Stop their users, and remove these devices first"
    (problem,) = refusal(run, {"pf": pf, "mode": "pf"})
    assert problem.endswith(f"{carries} and mdev {second}, {remedy}")
    run.host.kernel.hold(first, pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    domains(monkeypatch, {second: [{"name": "spare", "running": False}]})
    (problem,) = refusal(run, {"pf": pf, "mode": "pf"})
    assert problem.endswith(
        f"{carries} (in use by guest web1 (pid 4242, qemu-system-x86)) and mdev {second} (in use by guest spare "
        f"(defined)), {remedy}"
    )


def test_nothing_goes_where_users_may_be_hidden(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    run.host.kernel.faults.fail("proc/1/fd*", errno.EACCES)
    (problem,) = refusal(run, {"pf": ICE, "mode": "pf"}, on_busy="skip")
    assert "the users of the devices to change are unknown: open files of process 1 are unreadable" in problem
    assert run({"pf": ICE, "mode": "pf"}, check=True, accept_unseen=["processes"])["changed"]
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    run({"pf": ICE, "mode": "vf", "drivers_autoprobe": False})


def test_function_gets_the_driver_that_its_defined_domain_needs(switch, monkeypatch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    virtual = run.card(ICE)["virtual"][0][0]
    domains(monkeypatch, {virtual: [{"name": "web1", "running": False}]})
    entry = {"pf": ICE, "mode": "vf"}
    # libvirt binds the function itself when the domain starts, or requires that it is bound.
    assert run({**entry, "vf_driver": "vfio-pci"}, check=True)["changed"]
    for wanted in (
        {"vf_driver": "none"},
        {"num_vfs": "1", "vf_driver": "vfio-pci"},
        {"vfs": [{"index": "0", "vlan": "7", "driver": "vfio-pci"}]},
    ):
        assert "in use by guest web1 (defined)" in refusal(run, {**entry, **wanted})[0]
    domains(monkeypatch, {virtual: [{"name": "web1", "running": True}]})
    assert "in use by guest web1" in refusal(run, {**entry, "vf_driver": "vfio-pci"})[0]


@pytest.mark.parametrize(("kind", "free"), [("virtual-machines", True), ("containers", False)])
def test_function_of_a_stopped_container_keeps_its_driver(switch, kind, free):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "1"})
    text = f"devices:\n  one:\n    type: gpu\n    pci: {run.card(ICE)['virtual'][0][0]}\n"
    copy = f"var/lib/incus/storage-pools/default/{kind}/web1/backup.yaml"
    run.host.kernel.tree.add(copy, Attribute(text.encode()))
    wanted = {"pf": ICE, "mode": "vf", "vf_driver": "vfio-pci"}
    if free:
        assert run(wanted, check=True)["changed"]
    else:
        assert "in use by guest web1 (defined), so it cannot change its driver" in refusal(run, wanted)[0]
