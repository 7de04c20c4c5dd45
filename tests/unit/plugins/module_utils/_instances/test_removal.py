# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._instances.removal import (
    OTHERWISE,
    describe_uses,
    is_in_use,
    with_unreadable,
)
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Device, Parent
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import (
    DRIVER,
    EVERY_EFFECT,
    GONE,
    Holder,
    Use,
)

VF, CARD = "0000:01:00.4", "0000:01:00.0"
POD = Holder(None, None, "pod vm", True)
DEVICE = Device(VF, "vendor_vfio", address=VF, type_id="1")


@pytest.mark.parametrize(("state", "label"), [("active", VF), ("removing", VF), ("defined", f"the definition of {VF}")])
def test_the_guard_says_how_to_end_a_use(state, label):
    device = DEVICE._replace(state=state, uses=(Use(VF, "kubernetes", EVERY_EFFECT, "delete the pod", POD),))
    assert is_in_use(device)
    assert describe_uses(device) == [
        f"{label} is in use by guest pod vm (running), so it cannot be removed. Delete the pod. {OTHERWISE}"
    ]


@pytest.mark.parametrize(
    ("effects", "subject", "in_use"),
    [(frozenset([GONE]), VF, True), (frozenset([DRIVER]), VF, False), (EVERY_EFFECT, CARD, False)],
)
def test_only_a_use_that_the_removal_ends_counts(effects, subject, in_use):
    device = DEVICE._replace(uses=(Use(subject, "vfio", effects, "shut it down", POD),))
    assert (is_in_use(device), bool(describe_uses(device))) == (in_use, in_use)


@pytest.mark.parametrize(("state", "in_use"), [("active", True), ("removing", True), ("defined", False)])
def test_a_device_on_an_unreadable_card_may_be_in_use(state, in_use):
    parents = [Parent(VF, "vendor_vfio", physical_function=CARD)]
    (device,) = with_unreadable([DEVICE._replace(state=state)], parents, {CARD: "EIO"})
    assert is_in_use(device) is in_use
    expected = f"{VF} may be in use, so it cannot be removed. Its state is unknown: EIO"
    assert describe_uses(device) == ([expected] if in_use else [])
    unnamed = Use(VF, "vfio", EVERY_EFFECT, "shut it down", Holder(None, None, None, True))
    both = device._replace(uses=(*device.uses, unnamed))
    assert len(describe_uses(both)) == 1
    (other,) = with_unreadable([DEVICE], [], {CARD: "EIO"})
    assert not is_in_use(other)
