# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import get_type_hints

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._plan import host
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import facts, selection

ALL = ("physical_functions", "parents", "devices", "iommu", "mdevctl", "users", "mig", "models", "serial_numbers")


@pytest.mark.parametrize("name", ["debian", "nics", "h200"])
def test_the_facts_have_the_fields_that_are_written_down(simulated, name):
    found = simulated(name).facts(*ALL)
    assert set(found) == set(get_type_hints(host.Facts))
    functions = [one for card in found["physical_functions"] for one in card["virtual_functions"]]
    for entries, described in (
        (found["physical_functions"], host.PhysicalFunction),
        (functions, host.VirtualFunction),
        (found["parents"], host.Parent),
        (found["devices"], host.Device),
    ):
        # Only some have an interface, a vDPA device, a scheduler or an unreadable part.
        rare = {"netdev", "vdpa", "index", "vgpu_scheduler", "unreadable"}
        assert all(set(one) >= set(get_type_hints(described)) - rare for one in entries)


@pytest.mark.parametrize("part", facts.PARTS)
def test_what_the_filters_need_is_checked(part):
    described = {
        "physical_functions": host.PhysicalFunction,
        "parents": host.Parent,
        "devices": host.Device,
    }[part]
    assert set(facts.PARTS[part]) <= set(get_type_hints(described))


def test_cards_have_the_fields_of_physical_functions(simulated):
    fields = set(get_type_hints(host.Subject))
    # Only a parent that is not a PCI function has a bus.
    assert fields - {"name", "parents", "devices", "types", "bus"} == set(get_type_hints(host.PhysicalFunction))
    for card in selection.subjects(simulated("debian").facts()).values():
        assert {"name", "address", "numa_node", "framework", "parents", "devices", "types"} <= set(card)
