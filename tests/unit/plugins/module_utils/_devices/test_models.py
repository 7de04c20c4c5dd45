# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import models

DATABASE = b"""\
# List of PCI ID's
10de  NVIDIA Corporation
\t1eb8  TU104GL [Tesla T4]
\t\t10de 12a2  T4 in a server
\t2235  GA102GL [A40]
# A comment within a vendor.

\t26b9  AD102GL [L40S]
8086  Intel Corporation
\t159b  Ethernet Controller E810-XXV for SFP
\t1eb8  Not of NVIDIA
C 03  Display controller
\t00  VGA compatible controller
"""


@pytest.mark.parametrize(
    ("vendor", "product", "name"),
    [
        ("10de", "1eb8", "TU104GL [Tesla T4]"),
        ("10de", "26b9", "AD102GL [L40S]"),
        ("8086", "1eb8", "Not of NVIDIA"),
        ("10de", "159b", "NVIDIA Corporation 159b"),
        ("10de", "12a2", "NVIDIA Corporation 12a2"),
        ("8086", "00", "Intel Corporation 00"),
        ("1234", "5678", None),
    ],
)
def test_the_name_is_that_of_the_product_of_this_vendor(vendor, product, name):
    assert models.model_in(DATABASE, vendor, product) == name


@pytest.mark.parametrize("length", range(len(DATABASE)))
def test_a_file_that_ends_anywhere_has_a_name_or_none(length):
    models.model_in(DATABASE[:length], "8086", "159b")


def read_models(host):
    return {one["address"]: one["model"] for one in host.facts("physical_functions", "models")["physical_functions"]}


def test_the_driver_knows_best_and_pci_ids_is_read_once(simulated):
    files = {
        "usr/share/hwdata/pci.ids": DATABASE.decode(),
        "sys/module/nvidia/version": "550.163.02\n",
    }
    host = simulated("mixed", files=files)
    host.kernel.faults.content("proc/driver/nvidia/gpus/0000:3b:00.0/information", b"Model: \t\t Tesla T4\nIRQ: 5\n")
    facts = host.facts("physical_functions", "models")
    found = {one["address"]: one["model"] for one in facts["physical_functions"]}
    assert found["0000:3b:00.0"] == "Tesla T4"
    assert found["0000:af:00.0"] == "TU104GL [Tesla T4]"
    assert found["0000:5e:00.0"] == "Ethernet Controller E810-XXV for SFP"
    assert found["0000:65:00.0"] is None
    assert facts["versions"] == {"kernel": "5.15", "drivers": {"nvidia": "550.163.02"}}
    assert not facts["warnings"]
    assert [path for path, number in host.files.reads.items() if "pci.ids" in path and number > 1] == []


def test_a_database_that_begins_with_a_vendor(simulated):
    host = simulated("mixed", files={"usr/share/misc/pci.ids": "144d  Samsung\n\ta80a  PM9A3\n"})
    assert set(read_models(host).values()) == {"PM9A3", None}


def test_no_name_is_read_that_nobody_asks_for(simulated):
    host = simulated("mixed", files={"usr/share/hwdata/pci.ids": DATABASE.decode()})
    facts = host.facts()
    assert "versions" not in facts
    assert all("model" not in one for one in facts["physical_functions"])
    assert not [path for path in host.files.reads if "pci.ids" in path]
