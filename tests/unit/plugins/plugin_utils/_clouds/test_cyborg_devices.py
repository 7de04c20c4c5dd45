# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.filter.nova_config import FilterModule
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds import cyborg_devices
from ansible_collections.vfio.devices.tests.unit.plans import plan, ports, refusals, whole

FILE = "/etc/cyborg/cyborg.conf"
QAT = ports(vendor_id="8086", product_id="37c8", vf_product_id="37c9", nova={"alias": "qat"})


def settings(drivers, *others):
    listed = [("agent", "enabled_drivers", drivers), *others]
    return [{"file": FILE, "section": section, "option": option, "value": value} for section, option, value in listed]


def problems(card, *given):
    return cyborg_devices.problems(plan(card), {"cyborg_settings": settings(*given)})


@pytest.mark.parametrize(
    ("card", "driver", "is_found"),
    [
        (QAT, "intel_qat_driver", True),
        (QAT, "fake_driver, intel_qat_driver", True),
        (QAT, "intel_nic_driver", False),
        ({**QAT, "owner": "none"}, "intel_qat_driver", False),
        (ports(), "intel_nic_driver", False),
        (ports(product_id="1572"), "intel_nic_driver", True),
        (whole(vendor_id="1bd4", **{"class": "0108"}), "inspur_nvme_ssd_driver", True),
        (whole(vendor_id="144d", **{"class": "0108"}), "inspur_nvme_ssd_driver", False),
        (whole(vendor_id="1bd4", **{"class": "0302"}), "inspur_nvme_ssd_driver", False),
        (whole(vendor_id="10ee", **{"class": "1200"}), "xilinx_fpga_driver", True),
        (whole(vendor_id="19e5", product_id="d100"), "huawei_ascend_driver", True),
    ],
)
def test_drivers_that_report_all_cards_of_a_kind(card, driver, is_found):
    assert bool(problems(card, driver)) == is_found


def test_the_message_and_the_filter():
    started = {"cyborg_settings": settings("intel_qat_driver")}
    assert refusals(FilterModule().filters()["nova_config"], plan(QAT), 34, started=started) == [
        "profile p, 0000:84:00.0: cyborg-agent of this host also assigns it, because /etc/cyborg/cyborg.conf enables "
        "intel_qat_driver. Remove it from enabled_drivers in [agent]"
    ]


@pytest.mark.parametrize(("value", "is_found"), [("", True), ("0000:84:10.1", True), ("0000:85:00.0", False)])
def test_network_cards_with_addresses(value, is_found):
    nic = ports(product_id="1572")
    assert bool(problems(nic, "intel_nic_driver", ("x710_static", "device_addresses", value))) == is_found


@pytest.mark.parametrize(
    ("drivers", "spec", "is_found"),
    [
        ("pci_driver", {"vendor_id": "8086", "product_id": "1889"}, True),
        ("pci_driver", {"address": "0000:84:00.0"}, True),
        ("pci_driver", {"address": "0000:84:00.0", "product_id": "1889"}, False),
        ("pci_driver", {"address": "*:85:*.*"}, False),
        ("nvidia_gpu_driver", {"vendor_id": "8086"}, False),
    ],
)
def test_the_driver_with_specs(drivers, spec, is_found):
    found = problems(ports(), drivers, ("pci", "passthrough_whitelist", json.dumps(spec)))
    assert [f"passthrough_whitelist of [pci] in {FILE} matches it" in one for one in found] == [True] * is_found


def test_without_an_agent():
    assert cyborg_devices.problems(plan(QAT), {}) == []
    assert problems(QAT, "") == []
