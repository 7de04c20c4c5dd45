# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._report import fleet
from ansible_collections.vfio.devices.tests.unit import report_fleet

T4 = "0000:3b:00.0"


def build(facts, profiles=None, placement=None, root="host"):
    results = placement if isinstance(placement, list) else [placement] if placement else []
    return fleet.build({"host": facts}, {"host": profiles}, results, {"host": root})


def texts(data, level):
    return [finding["text"] for finding in data["findings"] if finding["level"] == level]


@pytest.fixture
def host(simulated):
    return lambda profile="t4", **changes: simulated(profile, **changes)


def facts_of(host):
    return host.facts(*report_fleet.PARTS)


def test_a_host_in_order(host):
    data = build(facts_of(host("mixed")))
    (shown,) = data["hosts"]
    assert (shown["level"], shown["guests"], data["findings"]) == ("ok", 2, [])
    nodes = [(node, [card["name"] for card in cards]) for node, cards in shown["nodes"]]
    assert [node for node, cards in nodes] == [0, 1]
    assert nodes[0][1] == ["0000:18:00.0", "0000:18:00.1", T4, "0000:5e:00.0", "0000:65:00.0"]
    assert data["numbers"] | {"hosts": 1, "cards": 8, "guests": 2, "used": 2} == data["numbers"]


def test_cards_without_a_numa_node_come_last(host):
    facts = facts_of(host())
    facts["physical_functions"][0]["numa_node"] = None
    (shown,) = build(facts)["hosts"]
    assert shown["nodes"][-1][0] is None


def test_a_host_without_facts():
    data = build(None)
    assert data["hosts"][0]["level"] == "problem"
    assert texts(data, "problem")[0].startswith("no facts")


def test_what_could_not_be_read(host):
    data = build({**facts_of(host()), "warnings": ["x: EIO"]})
    assert texts(data, "problem") == ["not readable: x: EIO"]


def test_a_device_that_its_user_still_holds(host):
    simulated = host()
    device = simulated.converge({"type": "GRID T4-2B", "parent": T4})["created"][0]
    facts = facts_of(simulated)
    for state, words in (
        ("removing", "removed, but still in use"),
        ("defined", "declared to start at boot, but missing"),
    ):
        facts["devices"] = [{**facts["devices"][0], "state": state, "autostart": True}]
        assert facts["devices"][0]["uuid"] == device
        (text,) = texts(build(facts), "problem")
        assert text.startswith(words) and text.endswith(": 1 of its devices")
    facts["devices"][0]["parent"] = "0000:99:00.0"
    assert texts(build(facts), "problem") == ["a device defined on 0000:99:00.0, which currently offers no devices"]
    facts["devices"][0]["autostart"] = False
    assert texts(build(facts), "note") == ["a device defined on 0000:99:00.0, which currently offers no devices"]


@pytest.mark.parametrize(
    ("program", "called", "reason"),
    [
        (None, None, "mdevctl is not installed"),
        ("/usr/bin/mdevctl", None, "udev has no rule that starts mdevctl"),
        ("/usr/bin/mdevctl", "/usr/sbin/mdevctl", "the udev rule calls /usr/sbin/mdevctl, which does not exist"),
    ],
)
def test_mdevctl_that_does_nothing_at_boot(host, program, called, reason):
    simulated = host()
    mdevctl = {"program": program, "udev_rule": None, "udev_program": called}
    mdevctl.update(udev_works=False, restore_unit=None)
    assert build({**facts_of(simulated), "mdevctl": mdevctl})["findings"] == []
    simulated.converge({"type": "GRID T4-2B", "parent": T4})
    facts = {**facts_of(simulated), "mdevctl": mdevctl}
    assert texts(build(facts), "problem") == [
        f"no service restores the devices at boot: {reason}, and the role boot was not applied"
    ]
    mdevctl["restore_unit"] = "/etc/systemd/system/vfio-devices-restore.service"
    assert build(facts)["findings"] == []
    mdevctl.update(udev_works=True, restore_unit=None)
    assert build(facts)["findings"] == []


@pytest.mark.parametrize(("mode", "number"), [("host", 0), ("vf", 1), ("pf", 1)])
def test_no_iommu_matters_where_pci_devices_are_given_away(host, mode, number):
    facts = facts_of(host())
    facts["iommu"]["enabled"] = False
    facts["physical_functions"][0]["mode"] = mode
    assert len(texts(build(facts), "problem")) == number


@pytest.mark.parametrize(("mode", "number"), [("host", 0), ("pf", 1)])
def test_a_whole_card_in_a_group_with_others(host, mode, number):
    facts = facts_of(host())
    facts["physical_functions"][0]["mode"] = mode
    name = facts["physical_functions"][0]["address"]
    facts["iommu"]["shared_groups"] = [{"group": 1, "devices": [name, "0000:00:1f.0"]}]
    found = build(facts)["findings"]
    assert [one["hosts"][0]["cards"] for one in found] == [[name]] * number


def test_users_that_nobody_looked_for(host):
    data = build(host().facts("physical_functions", "parents", "devices", "iommu"))
    assert texts(data, "note") == ["the users were not read, so all devices look free"]
    assert data["hosts"][0]["level"] == "note"


def test_profiles(host):
    t4 = {"name": "t4", "select": [T4], "vgpu": {"type": "GRID T4-2B"}}
    facts = facts_of(host())
    data = build(facts, [t4])
    assert texts(data, "drift") == ["0 of type GRID T4-2B instead of 8"]
    assert data["hosts"][0]["level"] == "drift"
    (text,) = texts(build(facts, [t4, {**t4, "name": "other"}]), "problem")
    assert text.startswith("profiles that do not fit the host: ")
    assert "t4 and other" in text


def test_cards_that_can_only_be_planned_later(host):
    facts = facts_of(host("a40"))
    profile = {
        "name": "a40",
        "select": ["0000:41:00.0"],
        "mode": "vf",
        "num_vfs": "max",
        "vgpu": {"type": "NVIDIA A40-8Q"},
    }
    card = facts["physical_functions"][0]
    assert card["address"] == "0000:41:00.0"
    card.update(num_vfs=0, virtual_functions=[])
    facts["parents"] = [one for one in facts["parents"] if one["physical_function"] != card["address"]]
    data = build(facts, [profile])
    assert (texts(data, "drift"), texts(data, "note")) == (["0 virtual functions instead of 32"], [])


@pytest.fixture
def placement():
    def placement(**totals):
        names = {"host": None, **{f"host_{tail}": "host" for tail in totals}}
        inventories = {f"host_{tail}": {"VGPU": {"total": total, "reserved": 0}} for tail, total in totals.items()}
        return {
            "providers": [
                {"name": name, "parent": parent, "inventories": inventories.get(name, {}), "traits": []}
                for name, parent in names.items()
            ],
            "owners": dict.fromkeys(names),
            "usages": {name: {} for name in names},
        }

    return placement


def test_placement(host, placement):
    data = build(facts_of(host()), None, placement(pci_0000_3b_00_0=8, pci_0000_99_00_0=4))
    assert texts(data, "drift") == ["a provider for pci_0000_99_00_0 in Placement, but the card is missing on the host"]
    (row,) = data["classes"]
    assert (row["name"], row["total"], row["providers"]) == ("VGPU", 12, 2)
    assert [one["name"] for one in data["hosts"][0]["other"]] == ["host_pci_0000_99_00_0"]


def test_a_root_of_another_name(host, placement):
    facts = facts_of(host())
    words = ["no provider of the host in Placement, so its cards have no providers"]
    assert texts(build(facts, None, placement(), root="elsewhere"), "drift") == words
    facts.update(physical_functions=[], parents=[], devices=[])
    assert texts(build(facts, None, placement(), root="elsewhere"), "drift") == []


def test_placement_that_did_not_answer(host):
    data = build(facts_of(host()), None, {"msg": "connection refused"})
    assert texts(data, "problem") == ["Placement was not read: connection refused"]
    assert not data["has_placement"]


def test_of_two_clouds_one_did_not_answer(host, placement):
    """The report contains no drift for a host of an unknown cloud."""
    other = {"msg": "connection refused"}
    data = build(facts_of(host()), None, [other, placement(pci_0000_99_00_0=4)])
    assert len(texts(data, "drift")) == 1
    data = build(facts_of(host()), None, [placement(), other], root="elsewhere")
    assert (texts(data, "drift"), len(texts(data, "problem"))) == ([], 1)
    data = build(facts_of(host()), None, [{**placement(), "missing": ["elsewhere"]}, other], root="elsewhere")
    assert texts(data, "drift") == ["no provider of the host in Placement, so its cards have no providers"]
