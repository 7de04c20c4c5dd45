# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print text unchanged, so that it can be copied from the console."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.console_text import ShowsText


class ActionModule(ShowsText):
    """The action plugin of the module show."""
