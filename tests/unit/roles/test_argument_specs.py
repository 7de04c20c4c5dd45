# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the variables of all roles: documented, with defaults, and rejected by name when mistyped."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import schema
from ansible_collections.vfio.devices.tests import declaration
from ansible_collections.vfio.devices.tests.docsite import variables

ROLES = sorted(path for path in (Path(__file__).resolve().parents[3] / "roles").iterdir() if path.is_dir())
# Maps each type to a valid and an invalid value. Ansible converts any value to str, so str needs choices.
VALUES = {
    "bool": (True, "perhaps"),
    "dict": ({"key": 1}, "text"),
    "float": (1.5, "soon"),
    "int": (1, "many"),
    "list": ([], {"a": 1}),
    "path": ("/", None),
    "raw": ("a", None),
    "str": ("a", None),
}


class Case(NamedTuple):
    """A mistyped value: all ``variables`` of a role are valid except the one called ``name``."""

    name: str
    variables: dict


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def spec_of(role):
    return read(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


def right(option):
    """Return a valid value."""
    if "choices" in option:
        return option["choices"][0]
    if "options" in option and option["type"] != "raw":
        value = {name: right(inner) for name, inner in option["options"].items() if inner.get("required")}
        return [value] if option["type"] == "list" else value
    return VALUES[option["type"]][0]


def mistyped(options):
    """Yield for each value, at any depth, its name and the variables in which it is invalid."""
    needed = {name: right(option) for name, option in options.items() if option.get("required")}
    for name, option in options.items():
        wrong = "no such choice" if "choices" in option else VALUES[option["type"]][1]
        if wrong is not None:
            yield Case(name, {**needed, name: wrong})
        # The options of a raw value are only documentation: the filter resolve rejects bad profiles.
        if "options" in option and option["type"] != "raw":
            for case in [*mistyped(option["options"]), *unknown_and_missing(option["options"])]:
                inside = [case.variables] if option["type"] == "list" else case.variables
                yield Case(case.name, {**needed, name: inside})


def unknown_and_missing(options):
    """Yield the options with an unknown key, and without each required key."""
    needed = {name: right(option) for name, option in options.items() if option.get("required")}
    yield Case("mistyped_key", {**needed, "mistyped_key": 1})
    for name in needed:
        yield Case(name, {key: value for key, value in needed.items() if key != name})


def refusal(role, variables):
    """Return the message of Ansible before the first task of a role (plugins/action/validate_argument_spec.py)."""
    return "; ".join(ArgumentSpecValidator(spec_of(role)).validate(variables).error_messages)


CASES = [
    pytest.param(role, case, id=f"{role.name}-{case.name}-{place}")
    for role in ROLES
    for place, case in enumerate(mistyped(spec_of(role)))
]


@pytest.mark.parametrize(("role", "case"), CASES)
def test_a_mistyped_value_is_refused_by_its_name(role, case):
    assert case.name in refusal(role, case.variables)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_right_values_pass(role):
    assert refusal(role, {name: right(option) for name, option in spec_of(role).items()}) == ""


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_that_are_described(role):
    described = {name: option["default"] for name, option in spec_of(role).items() if "default" in option}
    # The role vfio has a directory with links to the other files.
    file = role / ("defaults/main/vfio.yml" if role.name == "vfio" else "defaults/main.yml")
    defaults = read(file) or {}
    literal = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    own = {name: value for name, value in described.items() if name.startswith(f"{role.name}_")}
    assert literal == own


def test_the_role_vfio_has_the_defaults_of_all_roles_of_site():
    files = {path.stem: path for path in (variables.ROOT / "roles/vfio/defaults/main").iterdir()}
    assert {*files} == {*variables.ROLES["site"]}
    others = {name: path.resolve() for name, path in files.items() if name != "vfio"}
    assert others == {name: variables.ROOT.resolve() / f"roles/{name}/defaults/main.yml" for name in others}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_variable_begins_with_the_name_of_its_role_or_of_the_common_one(role):
    assert not [name for name in spec_of(role) if not name.startswith((f"{role.name}_", "vfio_"))]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_role_has_a_readme(role):
    assert role.name in (role / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", declaration.PLACES)
def test_keys_of_a_profile_are_described_as_the_schema_has_them(file):
    text = (declaration.ROOT / file).read_text(encoding="utf-8")
    assert declaration.with_keys(file, text) == text, "make keys"


def test_the_argument_spec_says_what_the_schema_says():
    (role,) = (role for role in ROLES if role.name == "vfio")
    assert spec_of(role)["vfio_profiles"]["options"] == known_to_ansible(schema.PROFILE)


def known_to_ansible(options):
    own = ("elsewhere", "kind", "least", "most", "sample")
    return {
        name: {
            key: known_to_ansible(value) if key == "options" else value
            for key, value in option.items()
            if key not in own
        }
        for name, option in options.items()
    }
