# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module mdev_facts, whose facts are read with the filters of this collection."""

from __future__ import annotations

from ansible.plugins.action.normal import ActionModule as Normal
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.filters import load_filters

load_filters()


class ActionModule(Normal):
    """The action plugin of the module mdev_facts."""
