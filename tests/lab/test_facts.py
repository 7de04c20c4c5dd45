# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the running lab has the same facts as its simulated host, including kernel drivers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vfio.devices.tests.lab import Machine, running_machine
from ansible_collections.vfio.devices.tests.lab.machine import COLLECTION

SIMULATED = Path(__file__).parents[1] / "unit/golden/data/facts/lab.json"
ENGINE = f"{COLLECTION}/plugins/module_utils".replace("/", ".")
READ = f"""
import json
from {ENGINE}._host.root import HostRoot
from {ENGINE}._run.facts import DEFAULT_PARTS, observe_host
print(json.dumps(observe_host(HostRoot(), [*DEFAULT_PARTS]).facts))
"""


@pytest.fixture(scope="module")
def machine() -> Machine:
    running = running_machine()
    running.install()
    return running


# The kernel numbers the groups in the order of the devices, and the simulated machine has fewer. The stored facts
# include the users of devices.
VARYING = ("iommu_group", "users")


def test_facts(machine: Machine) -> None:
    found: dict[str, Any] = json.loads(machine.ssh("cd /run && python3 -", data=READ).stdout)
    simulated = json.loads(SIMULATED.read_text(encoding="utf-8"))["ansible_facts"]["mdev"]
    for part in ("physical_functions", "parents"):
        for one, other in zip(found[part], simulated[part], strict=True):
            for name in VARYING:
                assert (one.pop(name, None) is None) == (other.pop(name, None) in (None, []))
            assert one == other
    assert found["devices"] == simulated["devices"] == []
    assert found["iommu"]["enabled"]
    groups = [[group["devices"] for group in facts["iommu"]["shared_groups"]] for facts in (found, simulated)]
    assert groups[0][-1:] == groups[1]
