# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write VF settings through the network interface of their card, with the program ``ip``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core import json_text
from .._host.root import HostError, HostRoot
from .._model.host import VfSettings

PROGRAM = "ip"


def observe(host: HostRoot, interface: str) -> dict[int, VfSettings]:
    """Return the settings of each VF by index; raise HostError if they are unknown."""
    text = host.run(PROGRAM, ["-j", "-d", "link", "show", "dev", interface])
    try:
        return parse(json_text.load(text))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise HostError(f"{PROGRAM} printed unknown output for {interface}: {text[:80]!r}", PROGRAM) from error


def parse(links: Any) -> dict[int, VfSettings]:
    """Parse the list that ``ip -j -d link show`` prints."""
    found = {}
    for virtual in links[0].get("vfinfo_list", []):
        vlan = (virtual.get("vlan_list") or [virtual])[0]
        rate = virtual.get("rate", {})
        found[int(virtual["vf"])] = VfSettings(
            # iproute2 before 5.4 has the key mac.
            mac=virtual.get("address", virtual.get("mac")),
            # ip omits a VLAN tag of 0.
            vlan=vlan.get("vlan", 0),
            qos=vlan.get("qos", 0),
            spoofchk=virtual.get("spoofchk"),
            trust=virtual.get("trust"),
            link_state=virtual.get("link_state"),
            min_tx_rate=rate.get("min_tx", 0),
            max_tx_rate=rate.get("max_tx", 0),
        )
    return found


def differences(observed: VfSettings, wanted: VfSettings) -> VfSettings:
    """Return the desired settings that differ from the observed ones."""
    same = [name for name, old, new in zip(VfSettings._fields, observed, wanted) if old == new]
    return wanted._replace(**dict.fromkeys(same))


def apply(host: HostRoot, interface: str, wanted: Mapping[int, VfSettings]) -> None:
    """Write the settings that differ and read them back; raise HostError on failure."""
    observed = observe(host, interface)
    written = False
    for index, settings in wanted.items():
        before = observed.get(index, VfSettings())
        changes = differences(before, settings)
        if changes.names:
            host.run(PROGRAM, ["link", "set", "dev", interface, "vf", str(index), *_arguments(changes, before)])
            written = True
    if written:
        observed = observe(host, interface)
    for index, settings in wanted.items():
        found = observed.get(index, VfSettings())
        for name in differences(found, settings).names:
            raise HostError(
                f"{interface} has {name} {describe(getattr(found, name))} for VF {index} although "
                f"{describe(getattr(settings, name))} was set",
                PROGRAM,
            )


def _arguments(changes: VfSettings, before: VfSettings) -> list[str]:
    arguments = []
    merged = before._replace(**{name: getattr(changes, name) for name in changes.names})
    if changes.mac is not None:
        arguments += ["mac", changes.mac]
    if changes.vlan is not None or changes.qos is not None:
        # VLAN and QoS are one setting, so omitting one of them would reset it to 0.
        arguments += ["vlan", str(merged.vlan or 0), "qos", str((merged.qos or 0) if merged.vlan else 0)]
    if changes.min_tx_rate is not None or changes.max_tx_rate is not None:
        arguments += ["max_tx_rate", str(merged.max_tx_rate or 0), "min_tx_rate", str(merged.min_tx_rate or 0)]
    for name, value in (("spoofchk", changes.spoofchk), ("trust", changes.trust)):
        if value is not None:
            arguments += [name, describe(value)]
    if changes.link_state is not None:
        arguments += ["state", changes.link_state]
    return arguments


def describe(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "unknown" if value is None else str(value)
