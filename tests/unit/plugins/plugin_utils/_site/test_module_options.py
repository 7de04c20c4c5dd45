# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._site import module_options

CARD = "0000:3b:00.0"


def test_entries_are_those_that_the_modules_take():
    (function,) = module_options.functions([{"pf": CARD, "mode": "vf", "num_vfs": 8, "label": "profile a"}])
    assert function.requested == {"pf": CARD, "mode": "vf", "num_vfs": "8", "reconfigurable": True}
    (device,) = module_options.instances([{"type": ["A"], "parent": CARD, "count": "max"}])
    assert (device.types, device.amount, device.parent) == (("A",), "max", CARD)
    (gpu,) = module_options.gpus([{"pf": CARD, "layout": {"1g.10gb": 2}}])
    assert (gpu.layout, gpu.enabled, gpu.compute) == ((("1g.10gb", 2),), True, True)


@pytest.mark.parametrize(
    ("parse", "entry"),
    [
        (module_options.functions, {"pf": CARD}),
        (module_options.functions, {"pf": CARD, "mode": "pf", "num_vfs": 8}),
        (module_options.instances, {"parent": CARD}),
        (module_options.instances, {"unknown": 1}),
        (module_options.gpus, {"pf": "x"}),
    ],
)
def test_what_a_module_refuses_is_refused(parse, entry):
    with pytest.raises(ValueError, match="."):
        parse([entry])
