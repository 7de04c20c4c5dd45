# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Return the errors of a filter as a list instead of raising them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.cyborg import cyborg_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova import nova_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_provider_config import provider_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_tree import placement_tree
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve

FILTERS: Mapping[str, Callable[..., object]] = {
    filter_.__name__: filter_ for filter_ in (resolve, nova_config, provider_config, cyborg_config, placement_tree)
}


def refusals(value: object, name: object, *arguments: object, **options: object) -> list[str]:
    """Return the lines of the error that a filter raises for its input, or an empty list."""
    if not isinstance(name, str) or name not in FILTERS:
        raise AnsibleFilterError(f"refusals: name must be one of {', '.join(FILTERS)}, and not {numbers.shown(name)}")
    try:
        FILTERS[name](value, *arguments, **options)
    except AnsibleFilterError as error:
        return str(error.message).splitlines()
    return []
