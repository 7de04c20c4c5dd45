# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check VFs that nova assigns only to neutron ports: functions of a DPU and functions with a vDPA device."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._core import wording
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import nova_release
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.nova_options import Options
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card

# Maximum number of functions in a sentence.
MOST_NAMES = 4


def check(card: Card, options: Options) -> list[str]:
    """Return a sentence for each setting of these functions that nova would reject or ignore."""
    found = _check_remote_managed(card, options) if card["nova"].get("remote_managed") else []
    return found + _check_vdpa(card, options["release"])


def _check_remote_managed(card: Card, options: Options) -> list[str]:
    release, libvirt = options["release"], options.get("libvirt")
    found = []
    if release < nova_release.REMOTE_MANAGED:
        found.append(
            f"nova {release} does not support remote_managed. nova {nova_release.REMOTE_MANAGED} or later does"
        )
    if card["mode"] == "pf":
        found.append("nova fails with remote_managed for a card. Use it only for virtual functions")
    if card["nova"].get("alias"):
        found.append("nova assigns a remote_managed device only to a neutron port. Remove nova.alias")
    if card.get("has_serial_number") is False:
        found.append(
            "nova ignores remote_managed functions of a card without a serial number in its VPD, and lspci -vv shows "
            "none. Enable the VPD in the firmware of the card, or remove nova.remote_managed"
        )
    if libvirt and libvirt < nova_release.LIBVIRT_WITH_VPD:
        found.append(
            f"nova ignores remote_managed functions with libvirt {'.'.join(map(str, libvirt))}, which does not read "
            "serial numbers. libvirt 7.9.0 or later does"
        )
    return found


def _check_vdpa(card: Card, release: int) -> list[str]:
    """Check functions that nova requests only for neutron ports of the VNIC type vdpa."""
    names = [name for name in card.get("vdpa_functions", ()) if name not in card.get("host_functions", ())]
    if card["mode"] != "vf" or not names:
        return []
    some = f"{wording.shorten(names, MOST_NAMES)} {'has a vDPA device' if len(names) == 1 else 'have vDPA devices'}"
    if release < nova_release.VDPA:
        return [f"{some}, which nova {release} does not support. nova {nova_release.VDPA} or later does"]
    if card["nova"].get("alias"):
        return [
            f"{some}, and nova assigns them only to neutron ports of the VNIC type vdpa. Replace nova.alias by "
            "nova.physical_network, choose other functions with nova.vfs, or remove the vDPA devices with vdpa dev del"
        ]
    return []
