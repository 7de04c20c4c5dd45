# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module cards and plan the host from its result."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cards import ComparesHost
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.filters import load_filters
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.garbage import keep_objects

load_filters()
keep_objects()


class ActionModule(ComparesHost):
    """The action plugin of the module cards."""
