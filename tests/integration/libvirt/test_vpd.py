# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the real libvirt read the Vital Product Data of cards: it reports a serial number if the facts have one."""

from __future__ import annotations

import re

from ansible_collections.vfio.devices.tests.integration.libvirt import daemon
from ansible_collections.vfio.devices.tests.simhost import plain
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._devices.test_vpd import CASES


def test_serial_numbers_that_libvirt_reports(tmp_path):
    daemon.require()
    host = Simulated("a40")
    plain.write(host.kernel, tmp_path)
    cards, wanted = {}, {}
    functions = sorted(path for path in (tmp_path / "sys/bus/pci/devices").iterdir() if (path / "config").exists())
    for (case, (content, found)), card in zip(CASES.items(), functions):
        (card / "vpd").write_bytes(content)
        cards[case], wanted[case] = card.name, found
    assert len(cards) == len(CASES)
    devices = daemon.ask(tmp_path)["devices"]
    nodes = {case: devices[f"pci_{name.replace(':', '_').replace('.', '_')}"] for case, name in cards.items()}
    # nova ignores an empty number.
    numbers = {case: bool(re.search("<serial_number>[^<]+<", xml)) for case, xml in nodes.items()}
    assert numbers == wanted
