# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

from ansible.plugins.loader import filter_loader
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.cards import ComparesHost

# At the first use of one filter, Ansible loads all filters of its collection. Like the action plugin, they are loaded
# here once per run, before Ansible forks for each host.
with contextlib.suppress(KeyError):
    # Raised if only the file is imported, without a run of Ansible.
    filter_loader.get("vfio.devices.nova_config")


class ActionModule(ComparesHost):
    """Action plugin of the module cards."""
