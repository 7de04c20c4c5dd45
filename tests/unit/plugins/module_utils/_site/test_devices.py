# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.mig_types import GpuInstances
from ansible_collections.vfio.devices.plugins.module_utils._instances.context import Context
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition, FrameworkState
from ansible_collections.vfio.devices.plugins.module_utils._site.devices import as_plain

UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"


def test_definitions_and_gpu_instances_are_plain():
    made = FrameworkState([], [], {("mtty", UUID): Definition("mtty-1", True, (("a", "1"), ("b", "2")))})
    context = Context({}, {}, {}, {"0000:3b:00.0": GpuInstances(("1g.18gb",), ("1g.18gb", "1g.18gb"))}, None)
    plain = as_plain(made, context)
    assert plain["definitions"] == [["mtty", UUID, "mtty-1", True, [["a", "1"], ["b", "2"]]]]
    assert plain["gpu_instances"] == {"0000:3b:00.0": [["1g.18gb"], ["1g.18gb", "1g.18gb"]]}
    assert json.loads(json.dumps(plain)) == plain
