# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.mdevctl_requirements import FilterModule

mdevctl_requirements = FilterModule().filters()["mdevctl_requirements"]
MDEV = {"framework": "mdev", "owner": "nova"}
MISSING = (
    "mdevctl is not installed on h1, so nova cannot create mediated devices. Install the package mdevctl on the host."
)
NO_RULE = (
    "h1 has no udev rule that starts mediated devices at boot. Use the role vfio.devices.boot, or install the "
    "udev rule of mdevctl."
)


def required(*cards, program=None, rule=None, works=False, packages=("mdevctl",), root="/"):
    facts = {"mdevctl": {"program": program, "udev_program": rule, "udev_works": works}}
    return mdevctl_requirements({"cards": list(cards)}, facts, packages, root, "h1")


@pytest.mark.parametrize(
    ("cards", "works", "is_needed"),
    [
        ([], False, False),
        ([{**MDEV, "framework": "vendor_vfio"}, {**MDEV, "framework": None}], False, False),
        ([MDEV], True, False),
        ([MDEV], False, True),
    ],
)
def test_mdevctl_is_needed_for_mediated_devices_that_nothing_starts(cards, works, is_needed):
    assert required(*cards, works=works)["is_needed"] is is_needed


@pytest.mark.parametrize(
    ("options", "is_installable"),
    [
        ({}, True),
        ({"program": "/usr/sbin/mdevctl"}, False),
        ({"packages": ()}, False),
        ({"root": "/mnt"}, False),
    ],
)
def test_a_package_can_only_be_installed_on_the_running_system(options, is_installable):
    assert required(MDEV, **options)["is_installable"] is is_installable


@pytest.mark.parametrize(
    ("program", "rule", "works", "is_broken"),
    [
        ("/a", "/b", False, True),
        ("/a", "/b", True, False),
        ("/a", None, False, False),
        (None, "/b", False, False),
    ],
)
def test_a_rule_is_broken_if_it_calls_a_missing_program(program, rule, works, is_broken):
    assert required(MDEV, program=program, rule=rule, works=works)["has_broken_rule"] is is_broken


@pytest.mark.parametrize(
    ("card", "program", "rule", "works", "warning"),
    [
        (MDEV, None, None, False, MISSING),
        ({**MDEV, "owner": "none"}, None, None, False, ""),
        (MDEV, "/a", None, False, NO_RULE),
        ({**MDEV, "owner": "none"}, "/a", None, False, NO_RULE),
        (MDEV, "/a", "/b", False, ""),
        (MDEV, None, "/b", True, ""),
        ({**MDEV, "framework": None}, None, None, False, ""),
    ],
)
def test_the_operator_is_warned_of_what_the_role_does_not_correct(card, program, rule, works, warning):
    assert required(card, program=program, rule=rule, works=works)["warning"] == warning


def test_facts_without_mdevctl():
    with pytest.raises(AnsibleFilterError, match="mdevctl_requirements needs a plan"):
        mdevctl_requirements({"cards": []}, {})
