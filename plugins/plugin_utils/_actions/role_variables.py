# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The variables of all roles, for action plugins in plays without these roles.

Ansible takes longer to load the roles than to compare an unchanged host, so the playbooks load them only for hosts that
differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import HAS_TRUST, Variables

ROLES = Path(__file__).parents[3] / "roles"
# As in Ansible, variables of a role override its defaults.
FILES = ("defaults/main.yml", "vars/main.yml")


def with_roles(templar: Any, task_vars: Mapping[str, Any]) -> Variables:
    """Return the variables of a task and those of all roles, which have the lowest precedence."""
    return Variables(templar, {**VARIABLES, **task_vars})


def load() -> dict[str, Any]:
    """Return the variables of all roles by name, with templates that are not evaluated."""
    loader = DataLoader()
    trust = {"trusted_as_template": True} if HAS_TRUST else {}
    found: dict[str, Any] = {}
    for file in FILES:
        for path in sorted(ROLES.glob(f"*/{file}")):
            found.update(loader.load_from_file(str(path), **trust) or {})
    return found


# Ansible loads action plugins before it forks for each host, so the files are read once per run.
VARIABLES: Mapping[str, Any] = load()
