# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the variables of the roles in plays without them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import role_variables
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables

FILES = sorted(role_variables.ROLES.glob("*/vars/main.yml"))


def variables(**of_task: object) -> Variables:
    return role_variables.with_roles(Templar(DataLoader(), variables={}), of_task)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_each_variable_of_a_role_is_known(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8")).keys() <= role_variables.VARIABLES.keys()


def test_templates_of_roles_use_variables_of_the_task() -> None:
    assert variables(nova_config_host="gpu2", inventory_hostname="gpu1")["_nova_config_is_here"] is False


def test_variables_of_roles_have_precedence() -> None:
    known = variables(_nova_config_is_here=True, nova_config_host="gpu2", inventory_hostname="gpu1", mdev_timeout=7)
    assert (known["_nova_config_is_here"], known["mdev_timeout"]) == (False, 7)
