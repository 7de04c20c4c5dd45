# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._site import entries

CARD = "0000:3b:00.0"


def test_entries_are_those_that_the_modules_take():
    (function,) = entries.functions([{"pf": CARD, "mode": "vf", "num_vfs": 8, "label": "profile a"}])
    assert function.requested == {"pf": CARD, "mode": "vf", "num_vfs": "8", "reconfigurable": True}
    (device,) = entries.instances([{"type": ["A"], "parent": CARD, "count": "max"}])
    assert (device.types, device.amount, device.parent) == (("A",), "max", CARD)
    (gpu,) = entries.gpus([{"pf": CARD, "layout": {"1g.10gb": 2}}])
    assert (gpu.layout, gpu.enabled, gpu.compute) == ((("1g.10gb", 2),), True, True)


@pytest.mark.parametrize(
    ("parse", "entry"),
    [
        (entries.functions, {"pf": CARD}),
        (entries.functions, {"pf": CARD, "mode": "pf", "num_vfs": 8}),
        (entries.instances, {"parent": CARD}),
        (entries.instances, {"unknown": 1}),
        (entries.gpus, {"pf": "x"}),
    ],
)
def test_what_a_module_refuses_is_refused(parse, entry):
    with pytest.raises(ValueError, match="."):
        parse([entry])
