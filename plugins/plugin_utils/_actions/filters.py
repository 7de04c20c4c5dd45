# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load all filters once per run."""

from __future__ import annotations

import contextlib

from ansible import context
from ansible.plugins.loader import filter_loader


def load_filters() -> None:
    """Load all filters in the process that loads action plugins, before Ansible forks it for each task of each host.

    At the first use of one filter, Ansible loads all filters of its collection, otherwise in each of its workers. The
    command ``ansible`` runs one task, which uses none.
    """
    # A KeyError is raised if only the file is imported, without a run of Ansible.
    with contextlib.suppress(KeyError):
        if "module_name" not in context.CLIARGS:
            filter_loader.get("vfio.devices.nova_config")
