# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module placement_inventory and report progress if it takes long."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.clouds import FindsClouds
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.controller_progress import ReportsModuleProgress


class ActionModule(FindsClouds, ReportsModuleProgress):
    WHERE = "Placement"
