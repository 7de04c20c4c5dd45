# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import cards, restore
from ansible_collections.vfio.devices.plugins.module_utils._boot.records import NotRestorable

FIRST, SECOND, T4 = "0000:01:00.1", "0000:01:00.0", "0000:3b:00.0"
MODES, DEVICES = "etc/vfio-devices/sriov_pf_mode", "etc/vfio-devices/mdev_instance"


def change(host, path, **fields):
    """Change fields in the identity of a record."""
    record = json.loads(host.files.read(path))
    record["identity"] = {**record.get("identity", {}), **fields}
    host.files.replace(path, json.dumps(record).encode())


def mac(host, address):
    root = host.root()
    (name,) = root.names(f"sys/bus/pci/devices/{address}/net")
    return root.read(f"sys/bus/pci/devices/{address}/net/{name}/address")


def test_card_that_has_moved_is_left_and_found_again(switch):
    """Another card of its model is at its address, before the network of the host is up."""
    run = switch("nics")
    run({"pf": FIRST, "mode": "pf"})
    run.host.kernel.reboot()
    moved = mac(run.host, SECOND)
    change(run.host, f"{MODES}/{FIRST}.json", mac=moved)
    (result,) = restore.restore(run.host.root())
    assert result.outcome == "failed"
    assert (
        f"another card is at this address: MAC address {mac(run.host, FIRST)} instead of {moved}" in result.problems[0]
    )
    assert f"The recorded card is now at {SECOND}. Run the play" in result.problems[0]
    assert run.card(FIRST)["driver"] != "vfio-pci"
    assert run({"pf": FIRST, "mode": "pf"})["changed"]
    run.host.kernel.reboot()
    assert [one.outcome for one in restore.restore(run.host.root())] == ["restored"]


@pytest.mark.parametrize("wanted", [{"mode": "pf"}, {"mode": "vf", "num_vfs": "2"}])
def test_run_with_the_new_address_takes_the_record_along(switch, wanted):
    """Every remaining record can be restored at boot."""
    run = switch("nics")
    run({"pf": FIRST, **wanted})
    run.host.kernel.reboot()
    record = json.loads(run.host.files.read(f"{MODES}/{FIRST}.json"))
    old = "0000:02:00.1"
    record["function"]["pf"] = old
    run.host.files.replace(f"{MODES}/{old}.json", json.dumps(record).encode())
    run.host.files.unlink(f"{MODES}/{FIRST}.json")
    run.host.files.replace(f"etc/udev/rules.d/90-vfio-devices-{old}.rules", b"x")
    result = run({"pf": FIRST, **wanted})
    assert f"removed the record of {old}, where the card was" in result["functions"][0]["done"]
    root = run.host.root()
    assert root.names(MODES) == [f"{FIRST}.json"]
    assert f"90-vfio-devices-{old}.rules" not in root.names("etc/udev/rules.d")
    assert not run({"pf": FIRST, **wanted})["changed"]
    run.host.kernel.reboot()
    assert [one.outcome for one in restore.restore(root)] == ["restored"]


@pytest.mark.parametrize("identity", [None, {}, {"mac": 5}, "x"])
def test_record_without_an_identity_is_compared_as_before(switch, identity):
    run = switch("nics")
    run({"pf": FIRST, "mode": "pf"})
    record = json.loads(run.host.files.read(f"{MODES}/{FIRST}.json"))
    run.host.files.replace(f"{MODES}/{FIRST}.json", json.dumps({**record, "identity": identity}).encode())
    run.host.kernel.reboot()
    assert [one.outcome for one in restore.restore(run.host.root())] == ["restored"]
    # The next run records the identity of the card.
    assert run({"pf": FIRST, "mode": "pf"})["changed"]
    assert not run({"pf": FIRST, "mode": "pf"})["changed"]


def test_what_a_card_does_not_tell_without_its_driver_stays_recorded(switch):
    run = switch("nics")
    address = mac(run.host, FIRST)
    run({"pf": FIRST, "mode": "pf"})
    assert not run({"pf": FIRST, "mode": "pf"})["changed"]
    assert json.loads(run.host.files.read(f"{MODES}/{FIRST}.json"))["identity"]["mac"] == address


def test_devices_are_not_made_on_another_card(simulated):
    host = simulated("t4")
    host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"})
    change(host, f"{DEVICES}/{T4}.json", subsystem="10de:ffff")
    host.kernel.reboot()
    (result,) = restore.restore(host.root())
    assert "another card is at this address: subsystem 10de:" in result.problems[0]
    assert host.devices() == {}
    host.converge({"type": "GRID T4-2B", "parent": T4, "count": "2"}, exact=True)
    host.kernel.reboot()
    assert [one.outcome for one in restore.restore(host.root())] == ["restored"]


def test_interface_that_is_not_there_yet_is_waited_for(simulated):
    host = simulated("nics")
    record = {"identity": {"mac": "02:00:00:00:00:01"}}
    assert cards.awaited_identity(host.root(), FIRST, record) is None
    host.write(f"sys/bus/pci/devices/{FIRST}/driver/unbind", FIRST)
    assert cards.awaited_identity(host.root(), FIRST, record) == "MAC address"
    assert cards.awaited_identity(host.root(), FIRST, {}) is None
    cards.check_card(host.root(), FIRST, record)
    cards.check_card(host.root(), "0000:ff:00.0", record)
    with pytest.raises(NotRestorable, match="slot"):
        cards.check_card(
            simulated("nics", files={"sys/bus/pci/slots/2/address": "0000:01:00"}).root(),
            FIRST,
            {"identity": {"slot": "1"}},
        )
