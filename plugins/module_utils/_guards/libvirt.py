# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Devices of libvirt domains, running or only defined.

libvirt-python and a libvirt socket are used where both exist.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .._host.root import HostRoot
from .._model.uses import EVERY_EFFECT, Holder, Unseen, Use
from .base import Scene

NAME = "libvirt"
ADVICE = "shut it down, or detach the device"

# Of the modular daemon, and of the monolithic one before it.
SOCKETS = ("run/libvirt/virtqemud-sock-ro", "run/libvirt/libvirt-sock-ro")
# systemd makes the sockets, and the daemons these.
RUNNING = ("run/virtqemud.pid", "run/libvirtd.pid")


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """One use for each device of each domain; running domains have processes too, which other guards see."""
    if not scene.configured:
        return
    try:
        found = ask(host)
    except TimeoutError:
        yield Unseen(NAME, f"libvirt did not answer within {host.timeout:g} s, so its domains are unknown")
        return
    except RuntimeError as error:
        yield Unseen(NAME, f"libvirt runs, but its domains are unknown: asking libvirt-python gave {error}")
        return
    for device, domains_of in found.items():
        for domain in domains_of:
            yield Use(device, NAME, EVERY_EFFECT, ADVICE, Holder(None, None, domain["name"], domain["running"]))


def ask(host: HostRoot) -> dict[str, list[dict[str, Any]]]:
    """By device name (PCI address or UUID) the domains that have it; TimeoutError or RuntimeError without an answer."""
    socket = next((socket for socket in SOCKETS if host.exists(socket)), None)
    if socket is None or not (host.wakes_daemons or any(host.exists(path) for path in RUNNING)):
        return {}
    # A daemon in trouble may never answer, and one that the socket starts first asks its QEMUs what they can do.
    return host.attempt(lambda: _ask(f"{host.root.rstrip('/')}/{socket}"), host.timeout)


def _ask(socket: str) -> dict[str, list[dict[str, Any]]]:
    import libvirt  # type: ignore[import-not-found,unused-ignore]

    return domains(libvirt.openReadOnly(f"qemu:///system?socket={socket}"))


def domains(connection: Any) -> dict[str, list[dict[str, Any]]]:
    """By device name (PCI address or UUID) the domains that have it: ``name`` and ``running``."""
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
                # What libvirt took although it is no number means no device; the others of the domain count.
                with contextlib.suppress(ValueError):
                    parts = [int(address.get(part, "0"), 0) for part in ("domain", "bus", "slot", "function")]
                    yield "{:04x}:{:02x}:{:02x}.{:x}".format(*parts)
