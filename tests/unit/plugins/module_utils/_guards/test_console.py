# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

GPU = "0000:03:00.0"
HOST = {
    "functions": [{"address": GPU, "vendor": "10de", "device": "1e04", "class_code": "030000", "driver": "nouveau"}]
}


@pytest.mark.parametrize(("boot", "warned"), [(b"1\n", True), (b"0\n", False), (None, False)])
def test_graphics_with_the_console_of_the_host(switch, boot, warned):
    run = switch(HOST)
    if boot:
        directory = run.host.kernel.tree.resolve(f"sys/bus/pci/devices/{GPU}")[0]
        run.host.kernel.tree.add(f"{directory}/boot_vga", Attribute(boot))
    card = {"pf": GPU, "mode": "pf"}
    for check in (True, False):
        assert [GPU in one and "console" in one for one in run(card, check=check)["warnings"]] == [True] * warned
    # The card has been passed through.
    assert run(card)["warnings"] == []
