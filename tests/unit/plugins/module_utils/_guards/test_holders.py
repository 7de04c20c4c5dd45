# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt, registry
from ansible_collections.vfio.devices.plugins.module_utils._guards.holders import HOLDERS
from ansible_collections.vfio.devices.tests.unit.domains import told
from ansible_collections.vfio.devices.tests.unit.lists import by

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
OTHER = "c2177883-f1bb-47f0-914d-32a22e3a8805"


def test_domains_of_libvirt_join_the_processes(simulated, monkeypatch):
    host = simulated("mtty")
    for uuid in (UUID, OTHER):
        host.create("mtty", "mtty-1", uuid)
    host.kernel.hold(UUID, pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
    web1, spare = {"name": "web1", "running": True}, {"name": "spare", "running": False}
    monkeypatch.setattr(libvirt, "query_daemon", lambda root: told({UUID: [web1, spare], OTHER: [spare]}))
    devices = by("uuid", host.facts("devices", "users")["devices"])
    defined = {"pid": None, "command": None, "domain": "spare", "running": False, "device_file": None}
    assert [user["domain"] for user in devices[UUID]["users"]] == ["web1", "spare"]
    assert devices[UUID]["users"][0]["pid"] == 4242
    assert devices[OTHER]["users"] == [defined]


def test_processes_and_guests_are_found_first():
    assert registry.GUARDS[: len(HOLDERS)] == HOLDERS
