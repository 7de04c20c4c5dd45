# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._devices.pci import PciFunction
from ansible_collections.vfio.devices.plugins.module_utils._model.host import PciIds
from ansible_collections.vfio.devices.plugins.module_utils._modes import observe as modes_observe
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

ICE = "0000:31:00.0"


def observe(host, entries, *functions):
    return modes_observe.observe_cards(host.root(), entries(*functions))


def test_names(simulated, entries):
    host = simulated("nics")
    host.write(f"sys/bus/pci/devices/{ICE}/sriov_numvfs", "1")
    virtual = host.kernel.function(ICE).sriov.vfs[0]
    names = ["ens49f0np0", ICE.upper(), "lo", "eth0", virtual.parts[0].name]
    state = observe(host, entries, *({"pf": name, "mode": "pf"} for name in names))
    assert list(state.names.values()) == [ICE, ICE, None, None, virtual.name]
    assert list(state.cards) == [ICE]
    assert state.virtual == {virtual.name: ICE}


def test_only_the_cards_that_are_meant_are_looked_at(simulated, entries):
    host = simulated("nics")
    observe(host, entries, {"pf": ICE, "mode": "pf"})
    overrides = [path for path in host.files.reads if path.endswith("driver_override")]
    assert overrides == [f"sys/bus/pci/devices/{ICE}/driver_override"]


def test_the_number_is_never_read(simulated, entries):
    host = simulated("nics")
    observe(host, entries, {"pf": ICE, "mode": "vf", "num_vfs": "2"})
    assert not [path for path in host.files.reads if path.endswith("sriov_numvfs")]


def test_capability(simulated, entries):
    card = observe(simulated("nics"), entries, {"pf": ICE, "mode": "pf"}).cards[ICE]
    assert (card.is_native, card.needs_program, card.is_bridge) == (True, False, False)
    assert (card.sriov.offset, card.sriov.stride, card.total_vfs) == (8, 1, 128)


def test_removal_that_is_pending(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "1", "vf_driver": "vfio-pci"})
    virtual = run.card(ICE)["virtual"][0][0]
    run.host.kernel.hold(virtual)
    try:
        run.host.write(f"sys/bus/pci/devices/{ICE}/sriov_numvfs", "0")
    except Exception as error:
        assert "pending" in str(error)
    before = run.host.files.now()
    state = modes_observe.observe_cards(run.host.root(), [])
    assert state.leaving == [virtual]
    assert run.host.files.now() == before


VMD, DRIVE, BRIDGE = "0000:00:0e.0", "10000:e1:00.0", "10000:e0:06.0"
BEHIND = f"../../../devices/pci0000:00/{VMD}/pci10000:e0/{BRIDGE}/{DRIVE}"


class Links:
    def link(self, path):
        return BEHIND if path.endswith(DRIVE) else f"../../../devices/pci0000:00/{path.rpartition('/')[2]}"


@pytest.mark.parametrize(
    ("address", "peers"),
    [
        # Devices behind a controller go with its driver; a drive behind it never goes alone.
        (VMD, [("0000:00:0f.0", False)]),
        (DRIVE, [(VMD, True), ("0000:00:0f.0", False)]),
        ("0000:00:0f.0", [(VMD, False), (DRIVE, False)]),
    ],
)
def test_other_members_of_a_group(address, peers):
    classes = {VMD: "010400", BRIDGE: "060400", DRIVE: "010802", "0000:00:0f.0": "020000", "0000:00:10.0": "020000"}
    functions = {
        name: PciFunction(
            name,
            frozenset(["vendor"]),
            PciIds("8086", "0001", "8086", "0001", kind),
            None,
            "driver",
            9 if name != "0000:00:10.0" else 10,
        )
        for name, kind in classes.items()
    }
    found = modes_observe._peers(Links(), functions[address], functions)
    assert [(one.address, one.is_above) for one in found] == peers


def test_card_whose_ids_vfio_pci_has(switch):
    run = switch("nics")
    files = run.host.kernel.accessor()
    files.write("sys/bus/pci/drivers/vfio-pci/new_id", b"8086 159b")
    files.write(f"sys/bus/pci/devices/{ICE}/driver/unbind", ICE.encode())
    files.write("sys/bus/pci/drivers/vfio-pci/bind", ICE.encode())
    run.host.kernel.tree.add("etc/modprobe.d/vfio.conf", Attribute(b"options vfio-pci ids=8086:159b\n"))
    card = {"pf": ICE, "mode": "vf", "num_vfs": "2"}
    with pytest.raises(Refused) as refused:
        run(card, check=True)
    assert "because /etc/modprobe.d/vfio.conf gives its ids to vfio-pci" in str(refused.value)
    files.write("sys/bus/pci/drivers/vfio-pci/remove_id", b"8086 159b")
    run.host.kernel.tree.remove("etc/modprobe.d/vfio.conf")
    assert run(card)["changed"]


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO])
def test_virtual_functions_that_are_unreadable_may_have_users(switch, error):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "2"})
    virtual = run.host.kernel.function(ICE).sriov.vfs[1].name
    run.host.kernel.faults.fail(f"sys/bus/pci/devices/{virtual}", error)
    for wanted in ({"mode": "pf"}, {"mode": "vf", "num_vfs": "4"}):
        with pytest.raises(
            Refused, match=f"the state of {ICE} is unknown: cannot read /sys/bus/pci/devices/{virtual}: "
        ):
            run({"pf": ICE, **wanted})
    assert run.host.kernel.function(ICE).sriov.vfs
