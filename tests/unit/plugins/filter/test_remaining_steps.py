# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.remaining_steps import FilterModule

remaining_steps = FilterModule().filters()["remaining_steps"]


def selected(*profiles, unmanaged=("nova", "cyborg")):
    """Return the variables of a host with profiles as (name, owner, number of cards)."""
    found = [{"name": name, "owner": owner, "cards": dict.fromkeys(range(cards))} for name, owner, cards in profiles]
    return {"vfio_compared": {"selection": {"profiles": found}, "unmanaged": list(unmanaged)}}


def reboot(host, *manual):
    return {
        "iommu_reboot_needed": True,
        "iommu_reboot_message": f"{host}: reboot required.",
        "iommu_manual_arguments": list(manual),
    }


NOVA, CYBORG = selected(("a", "nova", 1)), selected(("c", "cyborg", 1))


@pytest.mark.parametrize(
    ("hosts", "begin"),
    [
        ([NOVA], "Profile a has the owner nova, but nova_config_release is not set, so the nova configuration"),
        ([NOVA, NOVA, selected(("b", "nova", 2))], "Profiles a, b have the owner nova, but nova_config_release"),
        ([selected(("a", "nova", 1), unmanaged=["cyborg"])], None),
        ([{**NOVA, "vfio_failure": {}}], None),
        ([selected(("a", "nova", 0), ("b", "none", 1))], None),
        ([CYBORG], "Profile c has the owner cyborg, but cyborg_config_path is not set, so the Cyborg configuration"),
        ([selected(("c", "cyborg", 1), unmanaged=["nova"])], None),
        ([{"vfio_compared": {"selection": None}}, {"vfio_compared": {"skipped": True}}, {}], None),
    ],
)
def test_settings_that_are_not_written(hosts, begin):
    names = [str(number) for number in range(len(hosts))]
    found = remaining_steps(names, dict(zip(names, hosts)))
    assert len(found) == bool(begin)
    assert not begin or found[0].startswith(begin)


@pytest.mark.parametrize(
    ("hosts", "check_mode", "remedy"),
    [
        (
            [reboot("a")],
            False,
            "Reboot this host, then run site again. Set `iommu_reboot: true` to have site reboot this host.",
        ),
        (
            [reboot("a"), reboot("b")],
            True,
            "Run site, reboot these hosts, then run site again. Set `iommu_reboot: true` to have site reboot these "
            "hosts.",
        ),
        ([reboot("a", "iommu=pt")], True, "Reboot this host, then run site again."),
        ([reboot("a", "iommu=pt"), reboot("b")], True, "Run site, reboot these hosts, then run site again."),
    ],
)
def test_hosts_that_must_reboot(hosts, check_mode, remedy):
    names = ["a", "b"][: len(hosts)]
    found = remaining_steps(names, dict(zip(names, hosts)), check_mode)
    assert found == [*(f"{name}: reboot required." for name in names), remedy]


def test_hosts_without_a_reboot():
    hosts = {"a": {**reboot("a"), "iommu_reboot_needed": False}, "b": {**reboot("b"), "vfio_failure": {}}}
    assert remaining_steps(["a", "b"], hosts) == []


@pytest.mark.parametrize(("hosts", "hostvars"), [("a", {}), ([], None), (["a"], {}), (["a"], {"a": {**NOVA, "x": 1}})])
def test_other_input_is_refused(hosts, hostvars):
    if hostvars and "x" in hostvars["a"]:
        hostvars["a"]["vfio_compared"]["selection"] = 5
    with pytest.raises(AnsibleFilterError, match="remaining_steps takes"):
        remaining_steps(hosts, hostvars)
