# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import iommu_groups


def function(address, group, *virtual):
    return {"address": address, "iommu_group": group, "virtual_functions": list(virtual)}


PORT0 = function("0000:01:00.0", 1, function("0000:01:00.2", 1), function("0000:01:00.3", 1))
PORT1 = function("0000:01:00.1", 1)
ALONE = function("0000:02:00.0", 2, function("0000:02:00.1", 3), function("0000:02:00.2", 4))
NO_IOMMU = function("0000:03:00.0", None, function("0000:03:00.1", None))
CARD_AND_ITS_VFS = function("0000:04:00.0", 5, function("0000:04:00.1", 5))
SHARED = iommu_groups.members([PORT0, PORT1, ALONE, NO_IOMMU, CARD_AND_ITS_VFS])


@pytest.mark.parametrize(
    ("subject", "mode", "others"),
    [
        (PORT0, "vf", "0000:01:00.2 shares IOMMU group 1 with 0000:01:00.0, 0000:01:00.3, 0000:01:00.1, and a group"),
        (PORT1, "pf", "0000:01:00.1 shares IOMMU group 1 with 0000:01:00.0, 0000:01:00.2, 0000:01:00.3, and a group"),
        (ALONE, "vf", None),
        (ALONE, "pf", None),
        (NO_IOMMU, "vf", None),
        (CARD_AND_ITS_VFS, "pf", None),
        (CARD_AND_ITS_VFS, "vf", "0000:04:00.1 shares IOMMU group 5 with 0000:04:00.0, and a group"),
        (PORT0, None, None),
    ],
)
def test_functions_that_guests_cannot_have_one_each(subject, mode, others):
    sentence = iommu_groups.why_not_shareable(subject, mode, SHARED)
    assert sentence is None if others is None else sentence.startswith(others)


GPU, AUDIO, USB = "0000:01:00.0", "0000:01:00.1", "0000:01:00.2"
FACTS = {
    "physical_functions": [function(GPU, 1)],
    "iommu": {"shared_groups": [{"group": 1, "devices": [GPU, AUDIO, USB]}]},
}


@pytest.mark.parametrize(
    ("names", "facts", "found"),
    [
        ([GPU, AUDIO], FACTS, [AUDIO]),
        ([AUDIO, USB, "0000:09:00.0"], FACTS, [AUDIO, USB]),
        ([AUDIO, GPU, AUDIO], FACTS, [AUDIO]),
        ([], FACTS, []),
        ([AUDIO], {**FACTS, "iommu": None}, []),
        ([AUDIO], {**FACTS, "physical_functions": [function(GPU, 1), function(AUDIO, 1)]}, []),
    ],
)
def test_functions_that_only_go_along_with_a_card(names, facts, found):
    assert iommu_groups.companions(names, facts) == found
