# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the variables of the roles in plays without them."""

from __future__ import annotations

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import role_variables
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables

DEFAULTS, VARS = (sorted(role_variables.ROLES.glob(f"*/{file}")) for file in role_variables.FILES)


def variables(**of_task: object) -> Variables:
    return role_variables.with_roles(Templar(DataLoader(), variables={}), of_task)


@pytest.mark.parametrize("path", [*DEFAULTS, *VARS], ids=lambda path: "/".join(path.parts[-3:]))
def test_each_variable_of_a_role_is_known(path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8")).keys() <= role_variables.VARIABLES.keys()


def test_templates_of_roles_are_evaluated() -> None:
    assert variables(inventory_hostname="gpu1")["placement_root"] == "gpu1"
    # A variable of the directory vars, with a variable of defaults.
    assert variables(nova_config_host="gpu2", inventory_hostname="gpu1")["_nova_config_is_here"] is False


def test_variables_of_the_task_have_precedence() -> None:
    assert variables(mdev_timeout=7)["mdev_timeout"] == 7
    assert variables()["mdev_timeout"] == 30


def test_an_optional_variable_has_no_default() -> None:
    assert "nova_config_release" not in variables()
