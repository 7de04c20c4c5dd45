# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.vgpu_config import PATH, parse_types
from ansible_collections.vfio.devices.plugins.module_utils._model.host import PciIds
from ansible_collections.vfio.devices.tests.simhost.tree import File
from hypothesis import given
from hypothesis import strategies as st

L40S = "0000:84:00.0"
TABLE = """<?xml version="1.0" encoding="utf-8"?>
<vgpuconfig>
  <version>1.0</version>
  <vgpuType id="1152" name="NVIDIA L40S-8Q" class="Quadro">
    <devId vendorId="0x10de" deviceId="0x26B9" subsystemVendorId="0x10de" subsystemId="0x18A1"/>
    <framebuffer>0x1A0000000</framebuffer>
  </vgpuType>
  <vgpuType name="NVIDIA L40S-12Q" id="1153" class="Quadro"/>
  <vgpuType id="1155" name="NVIDIA L40S-24Q"/>
  <vgpuType id="1156" name="NVIDIA L40S-48Q"/>
  <vgpuType id="222" name="GRID T4-1Q"/>
  <pgpu hostVgpuMode="sriov">
    <devId vendorId="0x10de" deviceId="0x26B9" subsystemVendorId="0x10de" subsystemId="{subsystem}"></devId>
    <supportedVgpu vgpuId="1152"><maxVgpus>6</maxVgpus><digest type="signature">{signature}</digest></supportedVgpu>
    <supportedVgpu vgpuId="1153">
      <maxVgpus>4</maxVgpus>
    </supportedVgpu>
    <supportedVgpu vgpuId="1156"/>
    <supportedVgpu vgpuId="9999"/>
  </pgpu>
  <pgpu>
    <devId vendorId="0x10DE" deviceId="0x26b9" subsystemVendorId="0x10DE" subsystemId="0x0"/>
    <supportedVgpu vgpuId="1155"/>
  </pgpu>
  <pgpu>
    <devId vendorId="0x10DE" deviceId="0x1EB8" subsystemVendorId="0x10DE" subsystemId="0x12A2"/>
    <supportedVgpu vgpuId="222"/>
  </pgpu>
</vgpuconfig>
""".replace("{signature}", "3f" * 256)
GPU = PciIds("10de", "26b9", "10de", "1851", "030200")
LARGE = {"1152": "NVIDIA L40S-8Q", "1153": "NVIDIA L40S-12Q", "1156": "NVIDIA L40S-48Q"}


@pytest.mark.parametrize(("subsystem", "types"), [("0x1851", LARGE), ("0x1852", {**LARGE, "1155": "NVIDIA L40S-24Q"})])
def test_types_of_a_gpu(subsystem, types):
    assert parse_types(TABLE.replace("{subsystem}", subsystem), GPU) == types


def test_gpu_that_is_not_in_the_table():
    assert parse_types(TABLE, GPU._replace(product_id="2335")) == {}


@given(st.text(alphabet='<>vgpuType devIdsupportedVgpu="0x10de26b9\n/', max_size=300))
def test_garbage(text):
    assert all(one.isdigit() for one in parse_types(text + TABLE[:900] + text, GPU))


def test_card_that_was_full_from_the_beginning_gets_another_type(simulated):
    host = simulated("l40s")
    for function in ("00.4", "00.5", "00.6", "00.7", "01.0", "01.1"):
        for bus in ("84", "c4"):
            host.write(f"sys/bus/pci/devices/0000:{bus}:{function}/nvidia/current_vgpu_type", "1152")
    wanted = {"type": "NVIDIA L40S-12Q", "parent": L40S, "count": "4"}
    with pytest.raises(Refused, match="there is no type NVIDIA L40S-12Q"):
        host.converge(wanted, exact=True)
    host.kernel.tree.add(PATH, File(TABLE.replace("{subsystem}", "0x1851").encode()))
    assert host.converge(wanted, exact=True)["changed"]
    on_card = [kind for parent, kind in host.devices().values() if parent.startswith("0000:84")]
    assert on_card == ["1153"] * 4
    assert not host.converge(wanted, exact=True)["changed"]
