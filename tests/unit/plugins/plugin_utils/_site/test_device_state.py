# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import Frameworks
from ansible_collections.vfio.devices.plugins.module_utils._instances.context import observe_context
from ansible_collections.vfio.devices.plugins.module_utils._instances.observe import observe_devices
from ansible_collections.vfio.devices.plugins.module_utils._site.devices import as_plain
from ansible_collections.vfio.devices.plugins.plugin_utils._site.device_state import state_of

# Maps each profile to a type that its parents offer.
TYPES = {
    "t4": "GRID T4-2Q",
    "a40": None,
    "l40s": None,
    "mtty": "Single port serial",
    "mixed": "GRID T4-2Q",
    "s390": None,
}


def plain(host):
    """Return the observed state as the controller receives it."""
    root = host.root()
    functions = pci.observe(root)
    frameworks = Frameworks(root, functions, pci.NumaNodes(root))
    made = frameworks.observe()
    kept = as_plain(made, observe_context(root, functions, frameworks, made))
    return json.loads(json.dumps([host.facts(), kept]))


def same(host):
    """Return whether the controller has the same state as the module."""
    return state_of(*plain(host)) == observe_devices(host.root())._replace(functions={})


@pytest.mark.parametrize("profile", TYPES)
def test_the_state_arrives_as_it_was_observed(simulated, profile):
    host = simulated(profile)
    assert same(host)
    if TYPES[profile]:
        host.converge({"type": TYPES[profile], "count": "3", "attributes": []})
        assert same(host)


def test_what_only_a_definition_or_a_record_knows_arrives(simulated):
    host = simulated("t4")
    made = host.converge({"type": "GRID T4-2Q", "count": "2"})
    host.write(f"sys/bus/mdev/devices/{made['created'][0]}/remove", "1")
    assert same(host)
    assert "defined" in {device.state for device in state_of(*plain(host)).devices}


def test_the_plan_is_the_same(simulated):
    host = simulated("t4")
    with pytest.raises(Refused):
        host.converge({"type": "NONE"}, check=True)
    assert same(host)
