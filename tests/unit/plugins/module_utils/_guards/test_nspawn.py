# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import LOSES_DRIVER
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_containers import (
    NSPAWN,
    uses,
)
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    CARD,
    VF0,
    VF1,
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[Files]\nBind=/dev/dri/renderD128", {CARD: LOSES_DRIVER}),
        ("[Files]\nBind=/dev/vfio/11:/dev/vfio/11", {VF0: LOSES_DRIVER}),
        ("[Files]\nBindReadOnly=-/dev/nvidia3", {CARD: LOSES_DRIVER}),
        ("[Files]\nBind=/srv/data", {}),
        ("[Network]\nInterface=ens2f0v1 other", {VF1: LOSES_DRIVER}),
        ("[Network]\nInterface=ens2f0v1:host0", {VF1: LOSES_DRIVER}),
        ("[Network]\n#Interface=ens2f0v1", {}),
    ],
)
def test_devices_of_nspawn(simulated, line, found):
    assert uses(simulated, {NSPAWN: f"{line}\n"}) == found
