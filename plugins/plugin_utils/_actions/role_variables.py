# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The variables in the directories ``vars`` of all roles, for action plugins in plays without these roles.

Ansible takes longer to load the roles than to compare an unchanged host, so the playbooks load them only for hosts that
differ. The plays have the defaults of all roles, because the role vfio has links to their files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.merged_results import Result
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import HAS_TRUST, Variables

ROLES = Path(__file__).parents[3] / "roles"


def with_roles(templar: Any, task_vars: Mapping[str, Any]) -> Variables:
    """Return the variables of a task and of all roles. As in Ansible, those of roles override those of inventories."""
    return Variables(templar, {**task_vars, **VARIABLES})


def load() -> Result:
    """Return the variables of all roles, with templates that are not evaluated."""
    loader = DataLoader()
    trust = {"trusted_as_template": True} if HAS_TRUST else {}
    found: Result = {}
    for path in ROLES.glob("*/vars/main.yml"):
        found.update(loader.load_from_file(str(path), **trust))
    return found


# Ansible loads action plugins before it forks for each host, so the files are read once per run.
VARIABLES: Mapping[str, Any] = load()
