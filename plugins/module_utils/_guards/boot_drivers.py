# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find settings that bind a card or its VFs to another driver at the next boot than requested."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .._core.patterns import lazy_pattern
from .._devices import claimed_ids
from .._devices.binding import CHOICE, DEFAULT
from .._devices.claimed_ids import ModuleSettings
from .._devices.sriov import is_vfio_driver
from .._host.root import HostRoot
from .._model.host import Card
from .._model.wanted import CardWanted

# A file for each function, whose content is the driver (driverctl(8)).
OVERRIDES = "etc/driverctl.d"
# Files of the administrator. Those of packages are in usr/lib.
DIRECTORIES = ("etc/modprobe.d", "run/modprobe.d")
NATIVE = "native"
# A program that does nothing instead of the module is a blacklist, too (modprobe.d(5), "install").
BLACKLIST = r"^[ \t]*(blacklist\s+{0}(?=\s*$)|install\s+{0}\s+/(?:usr/)?s?bin/(?:true|false)\b)"
# Arguments of modprobe, of the kernel and of dracut with a list of modules (modprobe(8), dracut.cmdline(7)).
ARGUMENT = lazy_pattern(r"(?:^|\s)((?:modprobe\.|module_|rd\.driver\.)blacklist=([\w,-]+))")


def observe(
    host: HostRoot, entries: Mapping[str, CardWanted], cards: Mapping[str, Card], settings: ModuleSettings
) -> list[str]:
    """Return a sentence for each such setting; ``entries`` are the requests by address of the card."""
    found: list[str] = []
    overrides = set(host.names(OVERRIDES))
    for address, card in cards.items():
        entry = entries[address]
        driver = entry.driver if entry.mode == "pf" else CHOICE
        found += _overrides(host, overrides, address, CHOICE if driver == NATIVE else driver)
        for virtual in card.virtual_functions:
            one = entry.vfs.get(virtual.number)
            driver = (one and one.driver) or entry.vf_driver
            found += _overrides(host, overrides, virtual.address, CHOICE if driver == DEFAULT else driver)
        if entry.mode == "vf":
            found += [*_ids(settings, card), *_blacklists(settings, card)]
    return found


def _overrides(host: HostRoot, overrides: set[str], address: str, wanted: str | None) -> Iterator[str]:
    path = f"{OVERRIDES}/{address}"
    driver = host.read(path, optional=True) if wanted and address in overrides else None
    if driver and (is_vfio_driver(driver) if wanted == CHOICE else driver != wanted):
        yield (
            f"/{path} binds {address} to {driver} at boot, which contradicts this configuration. Run driverctl "
            f"unset-override {address}"
        )


def _ids(settings: ModuleSettings, card: Card) -> Iterator[str]:
    ids = (card.ids.vendor_id, card.ids.product_id) if card.ids else ("", "")
    source = settings.source(*ids)
    if source:
        yield (
            f"at the next boot, vfio-pci may get {card.address} before its native driver, because {source} gives its "
            f"ids to vfio-pci. {claimed_ids.advice_for_boot(source, *ids)}"
        )


def _blacklists(settings: ModuleSettings, card: Card) -> Iterator[str]:
    driver = card.binding.driver
    if not card.is_native or not driver:
        return
    # The kernel and its tools spell modules with underscores or hyphens.
    pattern = re.compile(BLACKLIST.format(re.escape(driver).replace("_", "[-_]").replace("\\-", "[-_]")), re.MULTILINE)
    for path, text in settings.files.items():
        found = pattern.search(text) if path.rpartition("/")[0] in DIRECTORIES else None
        if found:
            yield _blacklisted(card, driver, f"/{path}", f"the line {found[1].strip()}")
    for argument, names in ARGUMENT.findall(settings.arguments):
        if driver.replace("-", "_") in names.replace("-", "_").split(","):
            yield _blacklisted(card, driver, "a kernel argument", f"{driver} from {argument}")


def _blacklisted(card: Card, driver: str, source: str, removed: str) -> str:
    return (
        f"at the next boot, {card.address} may have no virtual functions, because {source} blacklists its driver "
        f"{driver}. Remove {removed} there"
    )
