# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of ``observe`` cover the rest; ``tests/integration/nova/test_order.py`` compares with oslo.config."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._services import other_options

TEXTS = {
    "/a.conf": "[pci]\ndevice_spec = 3\npassthrough_whitelist = 2\n[DEFAULT]\npci_passthrough_whitelist = 1\n",
    "/b.conf": "[libvirt]\nx = y\n[pci]\nreport_in_placement = $$a\n",
    "/c.conf": "[pci]\nalias = 4\n",
}


def test_options_of_files_in_the_order_of_their_values():
    found = other_options.of_files(list(TEXTS), TEXTS, "/b.conf")
    assert [(one["option"], one["value"], one["later"]) for one in found] == [
        ("device_spec", "1", False),
        ("device_spec", "2", False),
        ("device_spec", "3", False),
        ("alias", "4", True),
    ]
    assert [one["value"] for one in other_options.of_files(list(TEXTS), TEXTS, "/c.conf")][-1] == "$a"
