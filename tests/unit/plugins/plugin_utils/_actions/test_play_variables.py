# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables
from ansible_collections.vfio.devices.tests.unit.templates import template


def known(**raw):
    return Variables(Templar(DataLoader(), variables={}), raw)


def test_variables_are_evaluated_with_each_other():
    variables = known(a=template("{{ b + 1 }}"), b=2, yes=template("{{ 'on' }}"))
    # Before ansible-core 2.19, a template returns a text.
    assert (int(variables["a"]), variables.flag("yes")) == (3, True)
    assert ("a" in variables, "c" in variables) == (True, False)


def test_an_omitted_variable_is_not_set():
    variables = known(a=template("{{ missing | default(omit) }}"), omit="__omit_place_holder__0")
    assert variables.get("a", "default") == "default"
    assert (variables.get("b", 1), known(b=2).get("b", 1)) == (1, 2)


def test_each_is_evaluated_once_until_another_is_added():
    variables = known(a=template("{{ range(10 ** 12) | random }}"), b=template("{{ c }}"), c=1)
    assert variables["a"] == variables["a"]
    assert variables["b"] == 1
    variables.add(c=2)
    assert variables["b"] == 2


def test_what_is_added_is_no_template():
    variables = known(b=template("{{ a }}"))
    variables.add(a="{{ 1 + 1 }}")
    assert variables["b"] == "{{ 1 + 1 }}"
