# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test concurrency: several controllers that push overlapping trees, and a scheduler that allocates resources."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.vfio.devices.tests.integration.placement import pusher

PROCESSES = 8
ROUNDS = int(os.environ.get("ROUNDS", "12"))


class Scheduler(threading.Thread):
    """Creates and deletes allocations until it is stopped; ``held`` are its allocations at the end."""

    def __init__(self, cloud, names):
        super().__init__()
        self.cloud, self.names = cloud, names
        self.stopped = threading.Event()
        self.held = {}
        self.made = 0

    def run(self):
        dice = random.Random(1)
        while not self.stopped.is_set():
            name = dice.choice(self.names)
            if len([one for one in self.held.values() if one == name]) < 4:
                guest = str(uuid.UUID(int=dice.getrandbits(128)))
                with contextlib.suppress(AssertionError, TypeError):  # no capacity, or no provider yet
                    self.cloud.allocate(guest, name, {"CUSTOM_VF": 1})
                    self.held[guest] = name
                    self.made += 1
            elif self.held:
                guest = dice.choice(list(self.held))
                self.cloud.free(guest)
                del self.held[guest]
            self.stopped.wait(0.05)


def test_eight_controllers_and_a_scheduler(service, cloud, root):
    roots = [root, f"{root}-b"]
    cloud.make(roots[1], traits=["COMPUTE_NODE"])
    names = [f"{one}_vf{number}" for one in roots for number in range(3)]
    scheduler = Scheduler(cloud, names)
    scheduler.start()
    try:
        running = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", pusher.__name__, service.url, str(seed), str(ROUNDS), *roots],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for seed in range(PROCESSES)
        ]
        ends = [one.communicate(timeout=300) for one in running]
    finally:
        scheduler.stopped.set()
        scheduler.join()
    assert [one.returncode for one in running] == [0] * PROCESSES, ends
    assert [out for out, _err in ends] == [""] * PROCESSES
    assert scheduler.made > 10
    print("\n".join(err for _out, err in ends))
    wanted = [pusher.child(one, number) for one in roots for number in range(3)]
    assert not pusher.push(service.url, wanted)["failures"]
    assert pusher.push(service.url, wanted)["changed"] is False
    for name in names:
        assert cloud.get(name, "inventories")["CUSTOM_VF"]["total"] == 8
        assert cloud.get(name, "traits") == ["CUSTOM_A", "CUSTOM_OWNER_VFIO_DEVICES"]
        held = [guest for guest, where in scheduler.held.items() if where == name]
        assert cloud.get(name, "usages") == {"CUSTOM_VF": len(held)}


def test_two_processes_make_the_same_new_tree(service, cloud, root):
    for number in range(5):
        name = f"{root}-{number}"
        cloud.make(name)
        wanted = [pusher.child(name, one) for one in range(6)]
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda wanted: pusher.push(service.url, wanted), [wanted, wanted]))
        assert [one["failures"] for one in results] == [[], []]
        assert len(cloud.tree(name)) == 7
        assert pusher.push(service.url, wanted)["changed"] is False
