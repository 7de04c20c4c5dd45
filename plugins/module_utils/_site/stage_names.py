# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Names of the stages. The controller needs the names without the code of the stages."""

from __future__ import annotations

from .services import SERVICES

MODES, LAYOUTS, DEVICES, UNWANTED, BOOT = "modes", "layouts", "devices", "unwanted", "boot"
# The stages that write settings files of services.
SETTINGS = tuple(service.name for service in SERVICES)
