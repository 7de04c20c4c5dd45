# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt domains as the daemon reports them."""

from __future__ import annotations


def told(found):
    """Convert {device name: domains} (``name`` and ``running``) to [(name, is running, XML)]."""
    devices = {}
    for device, domains in found.items():
        for domain in domains:
            devices.setdefault((domain["name"], domain["running"]), []).append(device)
    return [(name, running, _xml(names)) for (name, running), names in devices.items()]


def _xml(names):
    sources = "".join(f"<hostdev><source>{_address(name)}</source></hostdev>" for name in names)
    return f"<domain><devices>{sources}</devices></domain>"


def _address(name):
    if "-" in name:
        return f"<address uuid='{name}'/>"
    domain, bus, rest = name.split(":")
    slot, function = rest.split(".")
    return f"<address domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'/>"
