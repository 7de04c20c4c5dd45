# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Names of the stages. The controller needs the names without the code of the stages."""

from __future__ import annotations

MODES, LAYOUTS, DEVICES, UNWANTED, BOOT = "modes", "layouts", "devices", "unwanted", "boot"
NOVA, CYBORG = "nova", "cyborg"
# The stages that write settings files of services.
SETTINGS = (NOVA, CYBORG)
