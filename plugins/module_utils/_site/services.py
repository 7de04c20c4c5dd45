# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All services whose settings files the roles of this collection write.

A new service needs a line here, and a role with the tasks of ``cyborg_config``.
"""

from __future__ import annotations

from typing import NamedTuple


class SettingsService(NamedTuple):
    """A service that reads its settings with oslo.config. Its stage has its name."""

    name: str  # also its name in paths, and the owner of its cards
    program: str  # the program that reads the settings
    title: str  # in messages

    @property
    def role(self) -> str:
        """Return the role that writes the settings, which is also the prefix of its variables."""
        return f"{self.name}_config"


NOVA = SettingsService("nova", "nova-compute", "nova")
# In the order in which they are configured.
SERVICES = (NOVA, SettingsService("cyborg", "cyborg-agent", "Cyborg"))
