# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import variable_names

ROOT = Path(__file__).resolve().parents[5]
SOURCES = [path for folder in ("roles", "playbooks", "extensions/awx") for path in (ROOT / folder).rglob("*.yml")]


@pytest.mark.parametrize(
    ("name", "known"),
    {
        "vfio_profile": "vfio_profiles",
        "vifo_profiles": "vfio_profiles",
        "vfio_on_bussy": "vfio_on_busy",
        "vfio_onbusy": "vfio_on_busy",
        "vfio_sugest": "vfio_suggest",
        "sriov_time_out": "sriov_timeout",
        "nova_config_relase": "nova_config_release",
        "placement_publsh": "placement_publish",
        "iommu_kernel_argument": "iommu_kernel_arguments",
        "iommu_boot_loader": "iommu_bootloader",
        "report_format": "report_formats",
        "drain_card": "drain_cards",
    }.items(),
)
def test_a_misspelled_variable_has_a_warning(name, known):
    assert variable_names.warnings({name: 1, "other": 2}) == [
        f"{name} is not a variable of the collection vfio.devices. Did you mean {known}?"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "vfio_profiles",
        "_vfio_profile",
        "ansible_host",
        "nova_release",
        "reboot_timeout",
        "profiles",
        "vfio_profiles_t4",
    ],
)
def test_other_variables_have_none(name):
    assert variable_names.warnings({name: 1}) == []


def test_a_part_of_the_declaration_has_none():
    assert variable_names.warnings({"vfio_profile": {}, "vfio_profiles": "{{ [vfio_profile] }}"}) == []
    assert variable_names.warnings({"vfio_profile": {}, "vfio_profiles": []}) != []


def test_no_variable_of_the_collection_itself_is_misspelled():
    names = {name for path in SOURCES for name in re.findall(r"\b[a-z]+_[a-z_]+\b", path.read_text(encoding="utf-8"))}
    assert len(names) > 300
    # The variable of a loop, which exists only in its task.
    assert variable_names.warnings(dict.fromkeys(names - {"report_format"})) == []
