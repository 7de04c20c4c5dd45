# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find functions of a card that are never for guests, and those that guests keep during a change."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._devices.binding import NO_DRIVER
from ansible_collections.vfio.devices.plugins.module_utils._devices.sriov import is_vfio_driver
from ansible_collections.vfio.devices.plugins.module_utils._modes.wanted import indices_of
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import value_types
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Subject, VirtualFunction
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import NovaGroup, NovaSettings
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.profile import Profile


def indices(profile: Profile, functions: list[VirtualFunction], number: int) -> set[int]:
    """Return the indices of functions for the host; ``functions`` exist now, ``number`` is their future number.

    The host keeps a function whose entry in ``vfs`` names a host driver, unlike the others. It also keeps a function
    that still has a host driver and an interface or user, if others already have the VFIO driver of ``vf_driver``.
    """
    entries = [entry for entry in profile["vfs"] or [] if "index" in entry]
    given = {index: entry.get("driver") for entry in entries for index in indices_of(entry["index"])}
    usual = profile["vf_driver"]
    chosen = _chosen(profile["nova"])
    kept = {index for index, driver in given.items() if driver != usual and _is_of_host(driver)}
    if isinstance(usual, str) and is_vfio_driver(usual):
        now = {function["index"]: function for function in functions if "index" in function}
        if any(is_vfio_driver(function.get("driver")) for function in now.values()):
            kept |= {
                index
                for index, function in now.items()
                if not given.get(index)
                and _is_of_host(function.get("driver"))
                # A GPU function without a user only waits for its driver.
                and (function.get("netdev") or function.get("users"))
            }
    if chosen is not None:
        # More functions than desired may exist as long as guests have some of them.
        kept |= {*range(number), *(function["index"] for function in functions if "index" in function)} - chosen
    return kept


def with_functions(nova: NovaSettings, functions: list[VirtualFunction]) -> NovaSettings:
    """Return the nova keys of a profile, with the addresses of existing ``functions`` in each group."""
    if not nova.get("groups"):
        return nova
    groups: list[NovaGroup] = [
        {
            **group,
            "functions": [one["address"] for one in functions if one.get("index") in _indices(group.get("vfs", []))],
        }
        for group in nova["groups"]
    ]
    return {**nova, "groups": groups}


def _chosen(nova: NovaSettings) -> set[int] | None:
    """Return the indices of functions for guests, or None for all."""
    parts = [nova, *(nova.get("groups") or [])]
    ranges = [part["vfs"] for part in parts if "vfs" in part]
    return set().union(*map(_indices, ranges)) if ranges else None


def _indices(ranges: str | list[str]) -> set[int]:
    return {index for text in value_types.texts(ranges) for index in indices_of(text)}


def held_mode(mode: str | None, subject: Subject) -> str | None:
    """Return the mode that the card keeps until its guests leave, or None."""
    if mode == "pf" and any(function.get("users") for function in subject.get("virtual_functions", [])):
        return "vf"
    return "pf" if mode == "vf" and subject["mode"] == "pf" and subject.get("users") else None


def _is_of_host(driver: object) -> bool:
    return isinstance(driver, str) and driver != NO_DRIVER and not is_vfio_driver(driver)
