# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import renamed_root
from ansible_collections.vfio.devices.plugins.module_utils._placement.nodes import Nodes
from ansible_collections.vfio.devices.tests.unit.placement_fake import OPTIONS, ROOT, parse, provider, state

OLD_ROOT = "00000000-0000-0000-0000-0000000000b0"
OLD = "00000000-0000-0000-0000-0000000000b1"


def sentences(root, old, card="0000:41:00.0", own=(), below=OLD_ROOT):
    entries = parse(
        {"name": root}, {"name": f"{root}_vfio_0000:41:00.0", "parent": root, "inventories": {"CUSTOM_A": {"total": 1}}}
    )
    nodes = Nodes(state(provider(ROOT, root), *own), entries, OPTIONS)
    assert not nodes.problems
    marked = [{**provider(OLD, f"{old}_vfio_{card}"), "root": below}]
    return renamed_root.sentences(nodes, marked) if renamed_root.is_first_time(nodes) else []


@pytest.mark.parametrize(
    ("root", "old", "fields", "number"),
    [
        ("compute1.example.org", "compute1", {}, 1),
        ("compute1", "COMPUTE1.example.org", {}, 1),
        ("compute1", "compute2", {}, 0),
        ("compute1.example.org", "compute1", {"card": "0000:42:00.0"}, 0),
        # The same call publishes this host.
        ("compute1.example.org", "compute1", {"below": ROOT}, 0),
    ],
)
def test_the_former_root_of_a_host(root, old, fields, number):
    found = sentences(root, old, **fields)
    assert len(found) == number
    assert all(f"below the root {old}, which is" in one and f"for one in {OLD}; do" in one for one in found)


def test_only_the_first_time_costs_a_request():
    own = provider("00000000-0000-0000-0000-0000000000a1", "compute1_vfio_0000:42:00.0", ROOT)
    assert sentences("compute1", "compute1.example.org", own=[own]) == []
