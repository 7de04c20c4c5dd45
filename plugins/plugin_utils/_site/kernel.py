# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find what the cards of a plan require from the kernel of a host, and what of it the host lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypedDict

from ansible_collections.vfio.devices.plugins.module_utils._core import numbers
from ansible_collections.vfio.devices.plugins.module_utils._devices.sriov import is_vfio_driver
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.cards import makes_mdevs
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import flag
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.model import Card, Plan

INTEL_ARGUMENT, PASSTHROUGH_ARGUMENT = "intel_iommu=on", "iommu=pt"
OFF = ("intel_iommu=off", "amd_iommu=off", "iommu=off")
NOUVEAU = "nouveau"
DEFAULT_DRIVER = "vfio-pci"
# The boot loader of the role iommu that leaves the kernel arguments to the user.
BY_HAND = "none"


class Lacks(TypedDict):
    """What a host lacks."""

    # Kernel arguments.
    arguments: list[str]
    # VFIO drivers.
    drivers: list[str]
    # The planned cards that have the driver nouveau.
    nouveau: list[str]


class Requirements(TypedDict):
    """The requirements of the planned cards, compared with the kernel of the host."""

    # The cards that require an IOMMU.
    cards: list[str]
    arguments: list[str]
    drivers: list[str]
    # The current kernel arguments that disable the IOMMU.
    switched_off: list[str]
    lacks: Lacks
    # Why the host must reboot, as phrases with an infinitive.
    reasons: list[str]
    # The cards that cannot be configured before the reboot.
    waiting: list[str]
    # The sentences of the message about the reboot.
    details: list[str]
    # The missing kernel arguments that the role iommu does not write.
    manual: list[str]
    # What must be done if the host must reboot, and the role iommu has not run yet. Empty if it need not reboot.
    remedy: str
    # Why the host has no IOMMU although its cards require one. Empty if it has one, or will after a reboot.
    problem: str


def kernel_requirements(
    plan: Plan,
    facts: Facts,
    arguments: Sequence[str] = (),
    passthrough: object = True,
    host: str = "The host",
    bootloader: str = "auto",
) -> Requirements:
    """Compare the requirements of the planned cards with the kernel; ``arguments`` are further kernel arguments."""
    with errors_of_filter(
        "kernel_requirements", "kernel_requirements needs a plan of vfio.devices.resolve and its facts"
    ):
        # Each letter of a text would become an argument.
        if not isinstance(arguments, (list, tuple)):
            raise ValueError(f"arguments must be a list of kernel arguments, and not {numbers.shown(arguments)}")
        iommu = facts["iommu"]
        cards = _cards(plan["cards"])
        wanted = [*(_arguments(iommu["cpu_vendor"], flag(passthrough, "passthrough")) if cards else []), *arguments]
        drivers = sorted({driver for driver in _drivers(plan) if is_vfio_driver(driver)})
        switched_off = [argument for argument in iommu["kernel_arguments"] if argument in OFF]
        lacks = _lacks(plan, facts, wanted, drivers)
        # sriov_pf_mode unbinds nouveau from cards with mode pf without a reboot.
        unbound = {card["name"] for card in plan["cards"] if card["mode"] == "pf"}
        with_nouveau = [name for name in dict.fromkeys(lacks["nouveau"]) if name not in unbound]
        # sriov_pf_mode rejects cards with VFIO drivers until the host has an IOMMU. With nouveau, a card has no vGPUs.
        rejected = set() if iommu["enabled"] else {str(one["pf"]) for one in plan["functions"] if _has_vfio_driver(one)}
        waiting = sorted(rejected | set(with_nouveau))
        manual = lacks["arguments"] if bootloader == BY_HAND else []
        return {
            "cards": cards,
            "arguments": wanted,
            "drivers": drivers,
            "switched_off": switched_off,
            "lacks": lacks,
            "reasons": _reasons(lacks["arguments"], with_nouveau),
            "waiting": waiting,
            "details": _details(lacks["arguments"], with_nouveau, waiting, manual),
            "manual": manual,
            "remedy": _remedy(bool(lacks["arguments"]) and not manual or bool(with_nouveau), bool(manual)),
            "problem": "" if iommu["enabled"] else _problem(host, cards, lacks["arguments"], switched_off),
        }


def _lacks(plan: Plan, facts: Facts, wanted: Iterable[str], drivers: Iterable[str]) -> Lacks:
    """Return the kernel arguments and drivers that the kernel lacks, and the planned cards that nouveau has."""
    iommu = facts["iommu"]
    current = [*iommu["kernel_arguments"], *([INTEL_ARGUMENT] if iommu["enabled"] else [])]
    names = {card["name"] for card in plan["cards"]}
    return {
        "arguments": [argument for argument in wanted if argument not in current],
        "drivers": [driver for driver in drivers if driver not in iommu["vfio_drivers"]],
        "nouveau": [
            card["address"]
            for card in facts["physical_functions"]
            if card["driver"] == NOUVEAU and card["address"] in names
        ],
    }


def _cards(cards: list[Card]) -> list[str]:
    """Return the cards whose guests get PCI functions; mediated devices on the card itself do not need an IOMMU."""
    found = [card["name"] for card in cards if card["address"] and not makes_mdevs(card)]
    found += [card["name"] for card in cards if card["mode"]]
    found += [card["name"] for card in cards if card["virtual_functions"]]
    return list(dict.fromkeys(found))


def _arguments(cpu_vendor: str | None, passthrough: bool) -> list[str]:
    # The AMD IOMMU is on by default. The default of the Intel IOMMU depends on the kernel configuration.
    found = [INTEL_ARGUMENT] if cpu_vendor == "intel" else []
    return [*found, *([PASSTHROUGH_ARGUMENT] if passthrough and cpu_vendor is not None else [])]


def _drivers(plan: Plan) -> Iterator[str]:
    for entry in plan["functions"]:
        if entry["mode"] == "pf":
            yield str(entry.get("driver", DEFAULT_DRIVER))
        yield str(entry.get("vf_driver"))
        yield from (str(one.get("driver")) for one in _entries_of_functions(entry))


def _entries_of_functions(entry: Mapping[str, object]) -> list[Mapping[str, object]]:
    entries = entry.get("vfs")
    return entries if isinstance(entries, list) else []


def _has_vfio_driver(entry: Mapping[str, object]) -> bool:
    """Return whether the card or a virtual function will have a VFIO driver, also one of another name."""
    if entry["mode"] == "pf" and "driver" not in entry:
        return True
    drivers = [
        entry.get("driver"),
        entry.get("vf_driver"),
        *(one.get("driver") for one in _entries_of_functions(entry)),
    ]
    return any("vfio" in str(driver) for driver in drivers)


def _reasons(arguments: list[str], with_nouveau: list[str]) -> list[str]:
    found = [f"apply {' '.join(arguments)}"] if arguments else []
    return [*found, *([f"unbind nouveau from {', '.join(with_nouveau)}"] if with_nouveau else [])]


def _details(arguments: list[str], with_nouveau: list[str], waiting: list[str], manual: list[str]) -> list[str]:
    found = [f"Its kernel was started without {' '.join(arguments)}."] if arguments else []
    if manual:
        found.append(f"Add {' '.join(manual)} to its kernel arguments yourself, because iommu_bootloader is {BY_HAND}.")
    if with_nouveau:
        found.append(f"The driver nouveau has {', '.join(with_nouveau)} until then.")
    if waiting:
        found.append(f"Not configured before the reboot: {', '.join(waiting)}.")
    return found


def _remedy(is_written: bool, is_manual: bool) -> str:
    """Return the sentence about the reboot; the role writes something or not, and the user does or not."""
    if not (is_written or is_manual):
        return ""
    return f"{'Run site, reboot' if is_written else 'Reboot'} this host, then run site again."


def _problem(host: str, cards: list[str], arguments: list[str], switched_off: list[str]) -> str:
    """Return why a host without an IOMMU cannot get one by a reboot with the missing kernel ``arguments``."""
    if not cards or (INTEL_ARGUMENT in arguments and not switched_off):
        return ""
    found = f"{host} runs without an IOMMU, which {', '.join(cards)} {'requires' if len(cards) == 1 else 'require'}."
    if switched_off:
        return (
            f"{found} The kernel argument {' '.join(switched_off)} disables it. Remove the argument from the "
            "configuration of the boot loader, and reboot."
        )
    return f"{found} The firmware hides it. Enable VT-d, AMD-Vi or IOMMU in the firmware setup."
