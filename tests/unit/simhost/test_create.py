# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test ``create``: its parser, its errors, and the device that it creates."""

from __future__ import annotations

import pytest

from .conftest import Boot, Simulation, refusal

UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
MTTY = "sys/class/mdev_bus/mtty"
BUS = "sys/bus/mdev/devices"


def types(simulation: Simulation, parent: str) -> str:
    return f"sys/class/mdev_bus/{parent}/mdev_supported_types"


def create(simulation: Simulation, parent: str, kind: str, name: str) -> str | None:
    return refusal(simulation.files.write, f"{types(simulation, parent)}/{kind}/create", name.encode())


def test_uuid_is_unique_on_the_host(boot: Boot) -> None:
    host = boot("t4")
    assert create(host, "0000:3b:00.0", "nvidia-230", UUID) is None
    for parent, kind in [("0000:3b:00.0", "nvidia-230"), ("0000:af:00.0", "nvidia-222")]:
        assert create(host, parent, kind, UUID.upper()) == "EEXIST"


def fill(simulation: Simulation, parent: str, kind: str) -> str | None:
    """Create devices until it fails; return the errno."""
    for number in range(70):
        problem = create(simulation, parent, kind, f"00000000-0000-0000-0000-{number:012x}")
        if problem:
            return problem
    return None


@pytest.mark.parametrize(
    ("profile", "parent", "kind", "old", "new"),
    [
        ("mdpy", "mdpy", "mdpy-hd", "ENOMEM", "EUSERS"),
        ("s390", "0.0.0313", "vfio_ccw-io", "EPERM", "EUSERS"),
        ("mtty", "mtty", "mtty-2", None, "ENOSPC"),
        ("mbochs", "mbochs", "mbochs-large", "ENOMEM", "ENOSPC"),
        ("gvt", "0000:00:02.0", "i915-GVTg_V5_4", "ENOSPC", "ENOSPC"),
        ("t4", "0000:3b:00.0", "nvidia-231", "EIO", "EIO"),
        ("a40", "0000:41:00.4", "nvidia-556", "EIO", "EIO"),
    ],
)
def test_errno_without_an_instance(boot: Boot, profile: str, parent: str, kind: str, old: str | None, new: str) -> None:
    assert fill(boot(profile, kernel="5.10"), parent, kind) == old
    assert fill(boot(profile, kernel="6.12"), parent, kind) == new


def test_old_kernels_have_one_driver_for_all(boot: Boot) -> None:
    mtty = boot("mtty", kernel="5.10")
    create(mtty, "mtty", "mtty-1", UUID)
    assert mtty.target(f"{BUS}/{UUID}/driver") == "vfio_mdev"
    assert not mtty.files.exists(f"{BUS}/{UUID}/vfio-dev")
    unloaded = boot("mtty", kernel="5.10", vfio_mdev_loaded=False)
    create(unloaded, "mtty", "mtty-1", UUID)
    assert not unloaded.files.exists(f"{BUS}/{UUID}/driver")
    assert not unloaded.files.exists(f"{BUS}/{UUID}/iommu_group")


def test_type_files(boot: Boot) -> None:
    t4 = boot("t4")
    kind = f"{types(t4, '0000:3b:00.0')}/nvidia-230"
    assert len(t4.files.list(types(t4, "0000:3b:00.0"))) == 17
    assert t4.text(f"{kind}/name") == "GRID T4-1Q"
    assert t4.text(f"{kind}/device_api") == "vfio-pci"
    assert t4.text(f"{kind}/description") == (
        "num_heads=4, frl_config=60, framebuffer=1024M, max_resolution=5120x2880, max_instance=16"
    )
    assert not boot("mtty").files.exists(f"{MTTY}/mdev_supported_types/mtty-1/description")


def test_name_is_optional_in_old_kernels(boot: Boot) -> None:
    name = "sys/class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_4/name"
    assert boot("gvt").text(name) == "GVTg_V5_4"
    assert not boot("gvt", kernel="5.10").files.exists(name)
