# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import platform

import pytest
from ansible_collections.vfio.devices.tests.bench import machine


@pytest.mark.parametrize(
    ("cpuinfo", "processor"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC 9B14: a\nmodel name\t: other\n", "AMD EPYC 9B14: a"),
        ("processor\t: 0\nBogoMIPS\t: 50.00\n", platform.machine()),
        ("", platform.machine()),
    ],
)
def test_the_processor_is_named_as_well_as_can_be(cpuinfo: str, processor: str) -> None:
    assert machine.processor(cpuinfo) == processor
