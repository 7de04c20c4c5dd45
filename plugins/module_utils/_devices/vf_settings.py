# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The settings of VFs that a network card's own interface governs, through the program ``ip``."""

from __future__ import annotations

import json
from typing import Any

from .._host.root import HostError, HostRoot

PROGRAM = "ip"


def observe(host: HostRoot, interface: str) -> dict[int, dict[str, Any]]:
    """The settings of each VF by its index; raise HostError if they are unknown."""
    text = host.run(PROGRAM, ["-j", "-d", "link", "show", "dev", interface])
    try:
        return parse(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise HostError(f"{PROGRAM} printed unknown output for {interface}: {text[:80]!r}", PROGRAM) from error


def parse(links: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The settings in the list that ``ip -j -d link show`` prints; unreported ones are missing."""
    found = {}
    for virtual in links[0].get("vfinfo_list", []):
        vlan = (virtual.get("vlan_list") or [virtual])[0]
        rate = virtual.get("rate", {})
        settings = {
            # iproute2 before 5.4 calls it mac.
            "mac": virtual.get("address", virtual.get("mac")),
            # It leaves out a tag that is 0.
            "vlan": vlan.get("vlan", 0),
            "qos": vlan.get("qos", 0),
            "spoofchk": virtual.get("spoofchk"),
            "trust": virtual.get("trust"),
            "link_state": virtual.get("link_state"),
            "min_tx_rate": rate.get("min_tx", 0),
            "max_tx_rate": rate.get("max_tx", 0),
        }
        found[int(virtual["vf"])] = {name: value for name, value in settings.items() if value is not None}
    return found


def differences(observed: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What of the wanted settings is not so yet."""
    return {name: value for name, value in wanted.items() if observed.get(name) != value}


def apply(host: HostRoot, interface: str, wanted: dict[int, dict[str, Any]]) -> None:
    """Write what differs, and read it back."""
    observed = observe(host, interface)
    written = False
    for index, settings in wanted.items():
        before = observed.get(index, {})
        changes = differences(before, settings)
        if changes:
            host.run(PROGRAM, ["link", "set", "dev", interface, "vf", str(index), *_arguments(changes, before)])
            written = True
    if written:
        observed = observe(host, interface)
    for index, settings in wanted.items():
        for name, value in differences(observed.get(index, {}), settings).items():
            raise HostError(
                f"{interface} has {name} {describe(observed.get(index, {}).get(name))} for VF {index} although "
                f"{describe(value)} was set",
                PROGRAM,
            )


def _arguments(changes: dict[str, Any], before: dict[str, Any]) -> list[str]:
    arguments = []
    merged = {**before, **changes}
    if "mac" in changes:
        arguments += ["mac", changes["mac"]]
    if "vlan" in changes or "qos" in changes:
        # The two are one setting, so that the one which is not named would become 0.
        arguments += ["vlan", str(merged.get("vlan", 0)), "qos", str(merged.get("qos", 0) if merged.get("vlan") else 0)]
    if "min_tx_rate" in changes or "max_tx_rate" in changes:
        arguments += ["max_tx_rate", str(merged.get("max_tx_rate", 0))]
        arguments += ["min_tx_rate", str(merged.get("min_tx_rate", 0))]
    for name in ("spoofchk", "trust"):
        if name in changes:
            arguments += [name, describe(changes[name])]
    if "link_state" in changes:
        arguments += ["state", changes["link_state"]]
    return arguments


def describe(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "unknown" if value is None else str(value)
