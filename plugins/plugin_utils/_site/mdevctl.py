# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find what the mediated devices of a plan require from mdevctl, and what of it the host lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import makes_mdevs
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Plan


class MdevctlRequirements(TypedDict):
    """The state of mdevctl as far as planned cards depend on it."""

    # Whether planned cards have mediated devices, and no udev rule starts them at boot.
    is_needed: bool
    is_installable: bool
    # Whether the udev rule calls a missing program, while another one is installed.
    has_broken_rule: bool
    # Empty if the host works without a change by the operator.
    warning: str


def mdevctl_requirements(
    plan: Plan, facts: Facts, packages: Sequence[str] = (), root: str = "/", host: str = "The host"
) -> MdevctlRequirements:
    """Compare the planned cards with mdevctl; ``packages`` can be installed if ``root`` is the running system."""
    with errors_of_filter(
        "mdevctl_requirements", "mdevctl_requirements needs a plan of vfio.devices.resolve and its facts"
    ):
        found = facts["mdevctl"]
        cards = [card for card in plan["cards"] if makes_mdevs(card)]
        is_needed = bool(cards) and not found["udev_works"]
        has_program, has_rule = found["program"] is not None, found["udev_program"] is not None
        warning = ""
        if is_needed and has_program and not has_rule:
            warning = (
                f"{host} has no udev rule that starts mediated devices at boot. Use the role vfio.devices.boot, or "
                "install the udev rule of mdevctl."
            )
        # Only nova and its libvirt start mdevctl. The roles create devices without it.
        elif is_needed and not has_program and any(card["owner"] == "nova" for card in cards):
            warning = (
                f"mdevctl is not installed on {host}, so nova cannot create mediated devices. Install the package "
                "mdevctl on the host."
            )
        return {
            "is_needed": is_needed,
            "is_installable": not has_program and bool(packages) and root == "/",
            "has_broken_rule": has_program and has_rule and not found["udev_works"],
            "warning": warning,
        }


def is_ready(requirements: MdevctlRequirements) -> bool:
    """Return whether the role mdev has nothing to change."""
    has_work = requirements["is_installable"] or requirements["has_broken_rule"]
    return not (requirements["is_needed"] and has_work)
