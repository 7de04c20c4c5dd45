# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the modules on mounted hosts whose drivers do not answer: reads really block, and cannot be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.tests.simhost import mounting

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="there is no /dev/fuse")

# Each run has its own process, because it holds the lock of the host until it ends, and Ansible waits for that.
RUN = """
import importlib, json, sys
from ansible_collections.vfio.devices.tests.unit.conftest import module_arguments
with module_arguments(json.loads(sys.argv[2])):
    importlib.import_module(f"ansible_collections.vfio.devices.plugins.modules.{sys.argv[1]}").main()
"""
T4, OTHER_T4 = "0000:3b:00.0", "0000:af:00.0"
TYPES = "sys/class/mdev_bus/{}/mdev_supported_types"
# In seconds: the delay of a slow file, and the most that a module may take on a busy machine.
SLOW, SOON = 25, 20


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fleet")
    mounting.mount(directory, ["t4"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def host(fleet):
    made = []

    def mounted(name):
        made.append(Mounted(fleet / name))
        return made[-1]

    yield mounted
    for one in made:
        one.command("clear-faults")


class Mounted:
    """A mounted host, to measure how long its modules take."""

    def __init__(self, root):
        self.root = root

    def command(self, *words):
        command, *rest = words
        argv = [sys.executable, "-m", "tests.simhost", command, str(self.root), *rest]
        subprocess.run(argv, cwd=mounting.CHECKOUT, check=True)

    def slow(self, pattern, operation="read"):
        self.command("slow", pattern, str(SLOW), "--operation", operation)

    def run(self, module, **options):
        """Return the result of a module."""
        options = json.dumps({"host_root": str(self.root), **options})
        argv = [sys.executable, "-c", RUN, module, options]
        return json.loads(subprocess.run(argv, check=False, capture_output=True, text=True, timeout=SOON).stdout)

    def facts(self, **options):
        return self.run("mdev_facts", **options)["ansible_facts"]["mdev"]


def entries_of(facts, card):
    return [one for one in facts["parents"] if one["physical_function"] == card]


def test_facts_of_a_host_with_a_silent_card(host):
    t4 = host("t4")
    before = t4.facts()
    t4.slow(f"{TYPES.format(T4)}/*/*")
    after = t4.facts()
    (warning,) = after["warnings"]
    assert warning.startswith(f"/{TYPES.format(T4)}/nvidia-222/description did not answer within 2 s: ")
    assert T4 in warning.partition(": ")[2]
    assert entries_of(after, OTHER_T4) == entries_of(before, OTHER_T4)
    (silent,) = entries_of(after, T4)
    assert silent["unreadable"] == warning
    assert [offered["id"] for offered in silent["types"]] == [
        offered["id"] for offered in entries_of(before, T4)[0]["types"]
    ]
    assert {offered["available_instances"] for offered in silent["types"]} == {None}
    assert after["iommu"] == before["iommu"]


def test_instances_with_a_short_timeout(host):
    t4 = host("t4")
    t4.slow(f"{TYPES.format(T4)}/*/available_instances")
    wanted = {"type": "nvidia-222", "count": "1"}
    refused = t4.run("mdev_instance", timeout=3, instances=[{**wanted, "parent": T4}])
    assert refused["failed"]
    assert f"the state of {T4} is unknown: /{TYPES.format(T4)}/nvidia-222/available_instances did not" in refused["msg"]
    made = t4.run("mdev_instance", timeout=3, instances=[{**wanted, "parent": OTHER_T4}])
    assert not made.get("failed"), made
    skipping = t4.run(
        "mdev_instance", timeout=3, on_busy="skip", instances=[{**wanted, "parent": one} for one in (T4, OTHER_T4)]
    )
    assert not skipping["changed"]
    assert [missing["item"] for missing in skipping["missing"]] == [0]
