# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reduce routes and addresses: keep which network each belongs to, with replaced numbers."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

from .anonymize import Anonymizer


def link_addresses(link: Any) -> Any:
    kept = {key: link[key] for key in ("ifname", "xdp") if key in link}
    addresses = [{key: one[key] for key in ("local", "prefixlen") if key in one} for one in link.get("addr_info", [])]
    return {**kept, "addr_info": addresses}


def route(route: Any, hide: Anonymizer) -> Any:
    kept = {key: route[key] for key in ("type", "dst", "dev", "flags") if key in route}
    hops = [{key: hop[key] for key in ("dev", "flags") if key in hop} for hop in route.get("nexthops", [])]
    if kept.get("dst", "default") != "default":
        network = ipaddress.ip_network(kept["dst"], strict=False)
        moved = hide.network(network.network_address, network.prefixlen)
        kept["dst"] = f"{moved}/{network.prefixlen}" if "/" in kept["dst"] else str(moved)
    return {**kept, "nexthops": hops} if hops else kept


def routes4(text: str, hide: Anonymizer) -> str:
    first, *lines = text.splitlines() or [""]
    return "\n".join([first, *("\t".join(_route4(line.split(), hide)) for line in lines)])


def _route4(words: list[str], hide: Anonymizer) -> list[str]:
    def number(word: str) -> int:
        return int.from_bytes(bytes.fromhex(word), sys.byteorder)

    def word(address: int) -> str:
        return address.to_bytes(4, sys.byteorder).hex().upper()

    try:
        length = bin(number(words[7])).count("1")
        words[1] = word(int(hide.network(ipaddress.IPv4Address(number(words[1])), length)))
        words[2] = word(int(hide.network(ipaddress.IPv4Address(number(words[2])), 32)))
    except (ValueError, IndexError):
        return []
    return words


def routes6(text: str, hide: Anonymizer) -> str:
    return "\n".join(" ".join(_route6(line.split(), (0, 1), (4, None), hide)) for line in text.splitlines())


def addresses6(text: str, hide: Anonymizer) -> str:
    return "\n".join(" ".join(_route6(line.split(), (0, None), (0, None), hide)) for line in text.splitlines())


def _route6(
    words: list[str], first: tuple[int, int | None], second: tuple[int, int | None], hide: Anonymizer
) -> list[str]:
    try:
        for place, length in dict.fromkeys((first, second)):
            bits = int(words[length], 16) if length is not None else 128
            words[place] = f"{int(hide.network(ipaddress.IPv6Address(int(words[place], 16)), bits)):032x}"
    except (ValueError, IndexError):
        return []
    return words
