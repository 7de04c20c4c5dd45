# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All clouds. A new cloud needs a file in this package and a line here."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg, no_cloud, nova
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.base import Cloud

# The first cloud is the default owner of profiles.
CLOUDS: tuple[Cloud, ...] = (nova, cyborg, no_cloud)

BY_OWNER = {cloud.OWNER: cloud for cloud in CLOUDS}
BY_SHAPE = {cloud.SHAPE: cloud for cloud in CLOUDS}
