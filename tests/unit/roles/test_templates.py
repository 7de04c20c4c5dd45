# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that templates parse, and give the same result on every supported ansible-core.

Before 2.19 null becomes an empty text. Ansible warns of variables with names of keywords in each run.
"""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.vars.reserved import get_reserved_names

ROOT = Path(__file__).resolve().parents[3]
FILES = [path for folder in ("roles", "playbooks") for path in sorted((ROOT / folder).rglob("*.yml"))]
# Matches null as the value of a whole template, not as part of a list or a comparison.
NULL = re.compile(
    r"\{\{(?:(?!\}\}).)*(?:default\(\s*none\b|\belse\s+none\s*\}\}|\{\{\s*none\s+if\b)", re.DOTALL | re.IGNORECASE
)
EXPRESSIONS = ("when", "failed_when", "changed_when", "until", "that")


def values_of_null(text):
    return [match.group() for match in NULL.finditer(text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_has_the_value_null(path):
    assert not values_of_null(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "is_null"),
    [
        ('shape: "{{ placement_shape | default(none) }}"', True),
        ('placement: "{{ result if report_placement | bool else none }}"', True),
        ('shape: "{{ a | default(None, true) }}"', True),
        ("{{ 1 if a is not none else 2 }}", False),
        ("{{ dict(hosts | product([none])) }}", False),
        ("{{ ['none'] + [] }}", False),
    ],
)
def test_such_templates_are_found(text, is_null):
    assert bool(values_of_null(text)) is is_null


def templates(value, key=None):
    """Yield all templates in a file, including conditions, which have no braces."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from templates(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from templates(one, key)
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield value
    elif isinstance(value, str) and key in EXPRESSIONS:
        yield f"{{{{ {value} }}}}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_all_templates_can_be_parsed(path):
    # Ansible parses a variable only when a task uses it.
    environment = jinja2.Environment(autoescape=True)
    for template in templates(yaml.safe_load(path.read_text(encoding="utf-8"))):
        environment.parse(template)


def variables(value):
    """Yield the names of all variables of plays, blocks and tasks."""
    if isinstance(value, dict):
        own = value.get("vars")
        yield from own if isinstance(own, dict) else ()
        yield from value.get("ansible.builtin.set_fact") or ()
        yield from (value[key] for key in ("register", "loop_var") if key in value)
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from variables(one)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_variable_has_the_name_of_a_keyword(path):
    assert not get_reserved_names() & set(variables(yaml.safe_load(path.read_text(encoding="utf-8"))))
