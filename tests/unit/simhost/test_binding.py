# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test binding and reset where the lab is no reference: old kernels, denied devices, no IOMMU, no reset."""

from __future__ import annotations

from .conftest import Boot, Simulation, refusal

DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"
IGB = "0000:01:00.0"


def write(simulation: Simulation, path: str, value: str) -> str | None:
    return refusal(simulation.files.write, path, value.encode())


def test_old_kernels_have_one_errno_for_bind(boot: Boot) -> None:
    assert write(boot("nics", kernel="5.10"), f"{DRIVERS}/igb/bind", IGB) == "ENODEV"


def nic(**fields: object) -> dict[str, object]:
    base = {"vendor": "8086", "device": "4940", "class_code": "0b4000", "driver": "qat_4xxx"}
    return {**base, "address": "0000:05:00.0", **fields}


def test_vfio_refuses_denied_devices_and_hosts_without_iommu(boot: Boot) -> None:
    for profile in ({"functions": [nic(denylisted=True)]}, {"functions": [nic()], "iommu": "none"}):
        host = boot(profile)
        write(host, f"{DRIVERS}/qat_4xxx/unbind", "0000:05:00.0")
        write(host, f"{DEVICES}/0000:05:00.0/driver_override", "vfio-pci")
        assert write(host, f"{DRIVERS}/vfio-pci/bind", "0000:05:00.0") == "EINVAL"


def test_reset_without_a_method(boot: Boot) -> None:
    host = boot("nics")
    write(host, f"{DEVICES}/{IGB}/reset_method", "\n")
    assert write(host, f"{DEVICES}/{IGB}/reset", "1") == "ENOTTY"
