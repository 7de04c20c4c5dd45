# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find requested cards that show the console of the host, such as the graphics of a BMC."""

from __future__ import annotations

from collections.abc import Mapping

from .._devices.pci import DEVICES
from .._host.root import HostRoot
from .._model.host import Card
from .._model.wanted import CardWanted

# Whether the firmware has used the card at boot; only display controllers have it (drivers/pci/pci-sysfs.c).
BOOT = "boot_vga"
DISPLAY = "03"


def observe(host: HostRoot, entries: Mapping[str, CardWanted], cards: Mapping[str, Card]) -> list[str]:
    """Return a sentence for each such card that will be passed through; ``entries`` are the requests by address."""
    changing = [one for one in cards.values() if entries[one.address].mode == "pf" and one.is_native]
    return [
        f"{one.address} shows the console of this host. After it is passed through, the screen and the remote console "
        "of a BMC stay dark. If this is not intended, select cards by vendor_id or product_id"
        for one in changing
        if one.ids and one.ids.pci_class.startswith(DISPLAY)
        if host.read(f"{DEVICES}/{one.address}/{BOOT}", optional=True) == "1"
    ]
