# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import SETTINGS
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import value_types
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration, schema

KEYS = {
    "elsewhere",
    "description",
    "type",
    "elements",
    "required",
    "choices",
    "default",
    "options",
    "kind",
    "least",
    "sample",
}


def entries(options=schema.PROFILE):
    for name, option in options.items():
        yield name, option
        yield from entries(option.get("options", {}))


def test_every_entry_can_be_written_and_checked():
    for name, option in entries():
        assert set(option) <= KEYS, name
        assert "choices" in option or value_types.of(option), name
        assert value_types.KINDS.keys() >= ({option["kind"]} if "kind" in option else set()), name


def test_samples_are_of_the_kind_that_they_are_a_sample_of():
    for name, option in entries():
        if "sample" in option and name != "select":
            assert value_types.fits(yaml.safe_load(option["sample"]), option), name
    assert declaration.parse(yaml.safe_load(schema.SAMPLE))[1] == []


def test_owners_are_the_clouds():
    assert schema.PROFILE["owner"]["choices"] == list(BY_OWNER)


def test_virtual_functions_have_all_settings_of_the_module():
    assert list(schema.VIRTUAL_FUNCTION) == ["index", "driver", *SETTINGS]
