# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Create the extra specs of flavors whose guests get a device."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.registry import CLOUDS
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import cards_of, share_name
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan


def flavor_extra_specs(plan: Plan) -> dict[str, dict[str, str]]:
    """Return extra specs by profile, or by profile and type if a profile has several types."""
    with errors_of_filter("flavor_extra_specs", "flavor_extra_specs needs a plan of vfio.devices.resolve"):
        found = {share_name(card): cloud.extra_specs(card) for cloud in CLOUDS for card in cards_of(plan, cloud.OWNER)}
    return {profile: specs for profile, specs in sorted(found.items()) if specs}
