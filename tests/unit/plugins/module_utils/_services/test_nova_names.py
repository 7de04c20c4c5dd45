# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._services.nova_names import no_json, unknown

RIGHT = """
[DEFAULT]
anything = 1
[devices]
enabled_mdev_types = nvidia-35, nvidia-36
[mdev_nvidia-35]
device_addresses = 0000:84:00.0
[mdev_nvidia-36]
mdev_class = CUSTOM_A
max_instances = 3
[pci]
report_in_placement = true
device_spec = {"vendor_id": "10de", "product_id": "1eb8",
  "managed": "no"}
device_spec = [{"address": "0000:41:00.0", "one_time_use": "yes"}, {"devname": "eth0", "trusted": "true"}]
alias = {"name": "a", "resource_class": "CUSTOM_A", "device_type": "type-VF"}
[vgpu]
other = 1
"""


def test_right_names():
    assert unknown([("/etc/nova/nova.conf", RIGHT)]) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[devices]\nenabled_mdev_type = a\n", "no option enabled_mdev_type in [devices]. Did you mean enabled_mdev_t"),
        ("[pci]\nDevice_Spec = {}\n", "no option Device_Spec in [pci]. Did you mean device_spec?"),
        ("[pci]\npassthru_whitelist: {}\n", "Did you mean passthrough_whitelist?"),
        ("[pci]\nx = 1\n", "no option x in [pci]. It has alias, device_spec, passthrough_whitelist, report_in_placeme"),
        (
            '[pci]\ndevice_spec = {"adress": "0000:84:00.0"}\n',
            "no key adress in device_spec of [pci]. Did you mean ad",
        ),
        ('[pci]\ndevice_spec = [{"address": "a"}, {"live_migrateable": "yes"}]\n', "Did you mean live_migratable?"),
        (
            '[pci]\nalias = {"name": "a",\n  "numapolicy": "legacy"}\n',
            "key numapolicy in alias of [pci]. Did you mean",
        ),
        ("[DEFAULT]\nenabled_mdev_types = a\n", "reads enabled_mdev_types only in [devices], and not in [DEFAULT]."),
        ("[device]\nenabled_vgpu_types = a\n", "reads enabled_vgpu_types only in [devices], and not in [device]."),
        (f"{RIGHT}[mdev_nvidia36]\nmax_instances = 3\n", "nvidia36 is not in enabled_mdev_types of [devices]. Did you"),
        ("[mdev_nvidia-35]\nmax_instances = 3\n", "not in enabled_mdev_types of [devices]. It has none."),
        (
            f"{RIGHT}[mdev_nvidia-36]\nmax_instance = 3\n",
            "no option max_instance in [mdev_nvidia-36]. Did you mean",
        ),
    ],
)
def test_unknown_names(text, sentence):
    (found,) = unknown([("/etc/nova/nova.conf", text)])
    assert found.startswith("/etc/nova/nova.conf: nova ")
    assert sentence in found


def test_types_may_be_enabled_in_another_file():
    files = [("a", "[mdev_a]\nmax_instances = 1\n"), ("b", "[devices]\nenabled_mdev_types = a\n")]
    assert unknown(files) == []
    assert unknown([("a", "[pci]\ndevice_spec = {\n")]) == []


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        ('device_spec = {"vendor_id": "10de"}', False),
        ('alias = {"name": "a$$b"}', False),
        ("alias = $other", False),
        ("alias =", False),
        ("report_in_placement = yes", False),
        ("device_spec = {'vendor_id': '10de'}", True),
        ("passthrough_whitelist = {", True),
        ('alias = {"name": "a",}', True),
        ("alias = " + "[" * 50000, True),
    ],
)
def test_values_that_are_not_json(line, is_wrong):
    found = no_json({"/etc/nova/nova.conf": f"[pci]\n{line}\n"}, "nova-compute")
    assert len(found) == is_wrong
    assert list(unknown([("/etc/nova/nova.conf", f"[pci]\n{line}\n")])) == []
    for sentence in found:
        assert sentence.startswith("/etc/nova/nova.conf: ")
        assert " of [pci] is not JSON, so nova-compute does not start: " in sentence
        assert len(sentence) < 300
