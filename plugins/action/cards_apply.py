# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module cards_apply with the stages of the plan that are due."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cards_apply import AppliesPlan


class ActionModule(AppliesPlan):
    """The action plugin of the module cards_apply."""
