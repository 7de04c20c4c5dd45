# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Describe the login to a cloud from variables without secrets, to find the hosts that use the same cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._actions.play_variables import Variables


class CloudLogin(TypedDict):
    """The variables that select a cloud, each empty if it is not set."""

    # The name in clouds.yaml.
    cloud: str
    # The addresses of Keystone and, without Keystone, of Placement.
    auth: list[str]
    region_name: str
    interface: str


def cloud_login(variables: Variables, prefixes: Sequence[str]) -> CloudLogin:
    """Return the login; variables of the first of the ``prefixes`` take precedence."""

    def value(name: str) -> object:
        return next(filter(None, (variables.get(f"{prefix}_{name}", None) for prefix in prefixes)), "")

    cloud = value("cloud")
    auth = value("auth") or (cloud.get("auth") if isinstance(cloud, Mapping) else None)
    addresses = auth if isinstance(auth, Mapping) else {}
    return {
        "cloud": cloud if isinstance(cloud, str) else "",
        "auth": [addresses.get("auth_url") or "", addresses.get("endpoint") or ""],
        "region_name": str(value("region_name")),
        "interface": str(value("interface")),
    }
