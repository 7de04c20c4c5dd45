# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run random writes and users in any order: the host stays consistent, and no call blocks forever."""

from __future__ import annotations

import contextlib
import random
import uuid

import pytest
from ansible_collections.vfio.devices.tests.simhost import SimHost
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

PROFILES = ("a40", "gvt", "l40s", "mixed", "mtty", "nics", "nvme", "s390")
STEPS = 100


def release_all(host: SimHost) -> None:
    """Let every process close its devices."""
    for process in list(host.holders.processes.values()):
        for holder in list(process.holders):
            host.release(holder.device.name)


@pytest.mark.parametrize("seed", range(24))
def test_anything_goes(seed: int) -> None:
    dice = random.Random(seed)
    host = SimHost(PROFILES[seed % len(PROFILES)])
    files = host.accessor()
    for _dummy in range(STEPS):
        writable = [path for path, node in host.tree.nodes.items() if isinstance(node, Attribute) and node.store]
        devices = [*host.pci.devices, *host.mdev.devices]
        words = ["0", "1", "2", "vfio-pci", "\n", "557", "1148", str(uuid.UUID(int=dice.getrandbits(128)))]
        with contextlib.suppress(OSError):
            files.write(dice.choice(writable), dice.choice([*words, *dice.choices(devices or words)]).encode())
        with contextlib.suppress(OSError):
            if devices and dice.random() < 0.2:
                host.hold(dice.choice(devices))
        if dice.random() < 0.05:
            release_all(host)
    release_all(host)
    assert host.operations.pending == []
    for path in host.tree.nodes:
        # The link to a VF that was removed on its own stays, like in the kernel.
        if not path.startswith("proc/") and "/virtfn" not in path:
            host.tree.resolve(path)
