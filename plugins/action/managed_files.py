# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module managed_files, unless cards_apply has already written the same files."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.managed_files import WritesFiles


class ActionModule(WritesFiles):
    """The action plugin of the module managed_files."""
