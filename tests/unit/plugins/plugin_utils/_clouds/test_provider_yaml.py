# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the rules; ``tests/integration/nova/test_provider_files.py`` has the real nova read the same files."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_yaml import entries

META = "meta: {schema_version: '1.0'}\n"
UUID = "27982173-78e5-5f98-8d76-7bc29f762287"


def providers(*listed):
    return META + "providers:\n" + "".join(f"- {one}\n" for one in listed)


def added(**parts):
    return f"{{identification: {{name: a}}, {', '.join(f'{key}: {value}' for key, value in parts.items())}}}"


def inventory(fields):
    return providers(added(inventories=f"{{additional: [{{CUSTOM_A: {fields}}}]}}"))


VALID = [
    META,
    META + "other: 1\n",
    providers("{identification: {name: a}}"),
    providers(added(traits="{additional: [CUSTOM_A, CUSTOM_B_1]}")),
    providers(f"{{identification: {{uuid: {UUID}}}, traits: {{additional: [CUSTOM_A]}}, more: 1}}"),
    providers("{identification: {uuid: $COMPUTE_NODE}, inventories: {additional: [{CUSTOM_A: {total: 1}}], x: y}}"),
    inventory("{total: 2.0, reserved: 0, min_unit: 1, max_unit: 1, step_size: 1, allocation_ratio: 1.5}"),
    "meta: {schema_version: '1.7'}\n",
]
# Each with a word of the sentence.
INVALID = [
    (None, "cannot be read"),
    ("", "schema_version: '1.0'"),
    ("a: [", "not valid YAML in line 1, column 5"),
    ("a: \t- b", "not valid YAML"),
    ("- 1", "schema_version: '1.0'"),
    ("meta: 1", "schema_version: '1.0'"),
    ("meta: {schema_version: 1.0}", "with the quotes"),
    ("meta: {schema_version: '2.0'}", "schema_version: '1.0'"),
    ("meta: {schema_version: '1'}", "schema_version: '1.0'"),
    ("meta: {schema_version: '1x0'}", "schema_version: '1.0'"),
    ("meta: {schema_version: '1.00'}", "schema_version: '1.0'"),
    (META + "__source_file: a", "reserved for nova"),
    (META + "providers: {}", "providers must be a list"),
    (META + "providers:", "providers must be a list"),
    (providers("a"), "must be a dictionary"),
    (providers("{traits: {additional: [CUSTOM_A]}}"), "either name or uuid"),
    (providers(f"{{identification: {{name: a, uuid: {UUID}}}}}"), "either name or uuid"),
    (providers("{identification: {id: a}}"), "either name or uuid"),
    (providers("{identification: {name: 7}}"), "name must be a text"),
    (providers("{identification: {name: ''}}"), "name must be a text"),
    (providers("{identification: {uuid: 12}}"), "uuid must be a UUID"),
    (providers(added(traits="")), "traits must be a dictionary"),
    (providers(added(traits="{additional: CUSTOM_A}")), "traits must be a dictionary"),
    (providers(added(traits="{additional: [HW_GPU_API_VULKAN]}")), "only names with CUSTOM_ as trait"),
    (providers(added(traits="{additional: [CUSTOM_a]}")), "not CUSTOM_a"),
    (providers(added(traits="{additional: [7]}")), "not 7"),
    (providers(added(inventories="[]")), "inventories must be a dictionary"),
    (providers(added(inventories="{additional: [CUSTOM_A]}")), "must be a dictionary by resource class"),
    (providers(added(inventories="{additional: [{VGPU: {total: 1}}]}")), "as resource class, and not VGPU"),
    (inventory(""), "needs a total"),
    (inventory("{reserved: 1}"), "needs a total"),
    (inventory("{total: '1'}"), "wrong values for total"),
    (inventory("{total: true}"), "wrong values for total"),
    (inventory("{total: 1.5}"), "wrong values for total"),
    (inventory("{total: 1, used: 0}"), "wrong values for used"),
    (inventory("{total: 1, allocation_ratio: x}"), "wrong values for allocation_ratio"),
]


@pytest.mark.parametrize("text", VALID)
def test_files_that_nova_takes(text):
    found, problems = entries("/f", text)
    assert problems == []
    assert all(one.file == "/f" for one in found)


@pytest.mark.parametrize(("text", "sentence"), INVALID)
def test_files_that_stop_nova(text, sentence):
    dummy, problems = entries("/f", text)
    assert len(problems) == 1
    assert sentence in problems[0]


def test_what_a_file_adds():
    text = providers(
        added(
            traits="{additional: [CUSTOM_A]}",
            inventories="{additional: [{CUSTOM_B: {total: 1}, CUSTOM_C: {total: 1}}]}",
        ),
        "{identification: {name: b}}",
    )
    assert entries("/f", text) == ([("/f", "a", ("CUSTOM_A",), ("CUSTOM_B", "CUSTOM_C"))], [])


@pytest.mark.parametrize(
    "text", ["[" * 2000, "2020-13-01", "!!float x", "9999-99-99 99:99:99", "!!timestamp x", "!!bool x"]
)
def test_values_that_python_cannot_have(text):
    found, (problem,) = entries("/x.yaml", f"meta: {{schema_version: '1.0'}}\nb: {text}\n")
    assert found == []
    assert problem.startswith("it is not valid YAML")
