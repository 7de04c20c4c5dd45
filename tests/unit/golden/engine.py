# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything of the engine that the golden tests use directly instead of through modules and filters."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._boot import main
from ansible_collections.vfio.devices.plugins.module_utils._placement import client, trees
from ansible_collections.vfio.devices.tests.unit.placement_fake import (
    MARKER,
    FakePlacement,
    inventory,
    provider,
    refusal,
    root,
)

__all__ = ["MARKER", "FakePlacement", "inventory", "provider", "refusal", "restore", "root", "use_placement"]


def use_placement(monkeypatch, placement):
    """Connect modules to a fake, with one request at a time, because parallel requests have no fixed order."""
    monkeypatch.setattr(trees, "THREADS", 1)
    monkeypatch.setattr(client, "connect", lambda options: placement)


def restore(monkeypatch, host, *arguments):
    """Run the program that restores a host at boot; return its exit status."""
    with monkeypatch.context() as patch:
        patch.setattr(main, "HostRoot", lambda *options: host.root())
        patch.delenv("JOURNAL_STREAM", raising=False)
        return main.main(arguments)
