# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import xen


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        ("name = 'db'\npci = [ '41:00.2' ]\n", "db", [("device", "41:00.2")]),
        (
            'pci = [\n  "0000:41:00.2@05,permissive=1",\n  "bdf=0000:41:00.3",\n]\n',
            "web.cfg",
            [("device", "0000:41:00.2"), ("device", "0000:41:00.3")],
        ),
        ("pci=['41:00.*']\n", "web.cfg", [("device", "41:00")]),
        ("disk = [ 'phy:/dev/nvme0n1,xvda,w' ]\n", "web.cfg", [("file", "/dev/nvme0n1")]),
        ("# pci = [ '41:00.2' ]\nvif = [ 'bridge=xenbr0' ]\n", "web.cfg", []),
    ],
)
def test_devices_of_a_guest(simulated, text, name, named):
    (guest,) = xen.guests(simulated("empty", files={"etc/xen/web.cfg": text, "etc/xen/xl.conf": "x"}).root())
    assert (guest.name, guest.path, guest.running) == (name, "etc/xen/web.cfg", False)
    assert list(guest.references) == named
