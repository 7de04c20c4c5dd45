# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
from pathlib import Path

import yaml
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import SETTINGS
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import BY_OWNER
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import value_types
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import declaration, schema

PLUGINS = Path(schema.__file__).resolve().parents[2]
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
    "most",
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


def names_in_use():
    """Return the attributes and texts in the code of the plugins, without keys of dictionaries such as schemas."""
    found = set()
    for file in [path for kind in ("module_utils", "plugin_utils") for path in (PLUGINS / kind).rglob("*.py")]:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        declared = {id(key) for node in nodes if isinstance(node, ast.Dict) for key in node.keys}
        found |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        found |= {str(node.value) for node in nodes if isinstance(node, ast.Constant) and id(node) not in declared}
    return found


def test_every_key_has_code_that_uses_its_value():
    assert {name for name, _option in entries()} - names_in_use() == set()
