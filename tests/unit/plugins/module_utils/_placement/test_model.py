# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import model
from ansible_collections.vfio.devices.plugins.module_utils._placement.apply import predict
from ansible_collections.vfio.devices.plugins.module_utils._placement.nodes import Nodes
from ansible_collections.vfio.devices.plugins.module_utils._placement.plan import plan_providers
from ansible_collections.vfio.devices.plugins.module_utils._placement.stale import stale_providers
from ansible_collections.vfio.devices.tests.unit.placement_fake import MARKER, OPTIONS, inventory, parse, provider, root
from ansible_collections.vfio.devices.tests.unit.placement_fake import state as of

GONE = "00000000-0000-0000-0000-0000000000a0"
STATE = of(root(), provider(GONE, "node_vfio_0000:41:00.0", inventories={"CUSTOM_VF": inventory(1)}), marked={GONE})
ENTRIES = (
    {"name": "node", "cards": []},
    {"name": "node_a", "parent": "node", "inventories": {"CUSTOM_VF": {"total": 4}}, "traits": []},
)


@pytest.fixture
def nodes():
    return Nodes(STATE, parse(*ENTRIES), OPTIONS)


def of_type(ones, kind):
    names = set(kind.__annotations__)
    return [set(one) for one in ones] == [names] * len(ones) and bool(ones)


def test_what_is_planned_has_the_fields_of_its_type(nodes):
    assert of_type(parse(*ENTRIES), model.Entry)
    assert of_type(nodes.present(), model.Node)
    assert of_type(stale_providers(nodes), model.Stale)
    assert of_type([inventory(1)], model.Inventory)
    plan = plan_providers({**STATE, "known_traits": {MARKER}}, parse(*ENTRIES), OPTIONS)
    assert of_type([plan], model.Plan)
    assert of_type([*plan["steps"], *plan["removals"]], model.Step)
    assert {step["action"] for step in [*plan["steps"], *plan["removals"]]} == {"create", "remove"}
    assert of_type(plan["kept"], model.Kept)
    assert of_type(predict(plan).done, model.Attempt)
