# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.filter import resolve
from ansible_collections.vfio.devices.plugins.module_utils._devices import vdpa
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated

CARD = {"name": "c", "select": ["0000:d8:00.0"], "mode": "vf", "num_vfs": 8}


def with_vdpa(host, address, name="vdpa0"):
    """Create a vDPA device on a function, as the kernel does."""
    tree = host.kernel.tree
    path = f"{tree.resolve(f'sys/bus/pci/devices/{address}')[0]}/{name}"
    tree.directory(path)
    tree.link(f"{vdpa.DEVICES}/{name}", path)


def test_facts_and_plan_have_the_devices_of_a_function():
    host = Simulated("mixed")
    assert vdpa.observe(host.root()) == {}
    assert "vdpa_functions" not in resolve.resolve([CARD], host.facts())["cards"][0]
    with_vdpa(host, "0000:d8:01.1")
    with_vdpa(host, "0000:d8:01.1", "vdpa1")
    assert vdpa.observe(host.root()) == {"0000:d8:01.1": ["vdpa0", "vdpa1"]}
    facts = host.facts()
    having = [one for card in facts["physical_functions"] for one in card["virtual_functions"] if "vdpa" in one]
    assert [(one["address"], one["vdpa"]) for one in having] == [("0000:d8:01.1", ["vdpa0", "vdpa1"])]
    assert resolve.resolve([CARD], facts)["cards"][0]["vdpa_functions"] == ["0000:d8:01.1"]
