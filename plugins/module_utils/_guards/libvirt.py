# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Which devices libvirt's domains have, running or only defined.

libvirt-python and a libvirt socket are used where both exist; elsewhere there are simply no domains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._host.root import HostRoot

# Of the modular daemon, and of the monolithic one before it.
SOCKETS = ("run/libvirt/virtqemud-sock-ro", "run/libvirt/libvirt-sock-ro")
# systemd makes the sockets, and the daemons these.
RUNNING = ("run/virtqemud.pid", "run/libvirtd.pid")


def observe(host: HostRoot) -> dict[str, list[dict[str, Any]]]:
    """By device name (PCI address or UUID) the domains that have it: ``name`` and ``running``."""
    socket = next((socket for socket in SOCKETS if host.exists(socket)), None)
    if socket is None or not (host.wakes_daemons or any(host.exists(path) for path in RUNNING)):
        return {}
    try:
        # A daemon in trouble may never answer, and one that the socket starts first asks its QEMUs what they can do.
        return host.attempt(lambda: _ask(f"{host.root.rstrip('/')}/{socket}"), host.timeout)
    except TimeoutError:
        host.warn(f"libvirt did not answer within {host.timeout:g} s: its domains are unknown")
    except RuntimeError as error:
        host.warn(f"libvirt runs on this host, but its domains are unknown: asking libvirt-python gave {error}")
    return {}


def _ask(socket: str) -> dict[str, list[dict[str, Any]]]:
    import libvirt  # type: ignore[import-not-found,unused-ignore]

    return domains(libvirt.openReadOnly(f"qemu:///system?socket={socket}"))


def domains(connection: Any) -> dict[str, list[dict[str, Any]]]:
    """The same as :func:`observe` over an open connection of libvirt-python."""
    found: dict[str, list[dict[str, Any]]] = {}
    for domain in connection.listAllDomains(0):
        for device in devices_in(domain.XMLDesc(0)):
            found.setdefault(device, []).append({"name": domain.name(), "running": bool(domain.isActive())})
    return found


def devices_in(xml: str) -> Iterator[str]:
    """PCI addresses and UUIDs of all host devices in a domain's XML (libvirt's domain format, "Host devices")."""
    from xml.etree import ElementTree

    for source in ElementTree.fromstring(xml).iterfind("./devices//source"):
        for address in source.iterfind("./address"):
            if address.get("uuid"):
                yield address.get("uuid", "").lower()
            elif address.get("bus") and address.get("slot"):
                parts = [int(address.get(part, "0"), 0) for part in ("domain", "bus", "slot", "function")]
                yield "{:04x}:{:02x}:{:02x}.{:x}".format(*parts)
