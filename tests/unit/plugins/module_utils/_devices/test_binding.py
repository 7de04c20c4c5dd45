# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices import binding
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Binding
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import BindingWanted

ICE = "0000:31:00.0"
NATIVE, NONE, VFIO = (
    binding.binding_of_option("default"),
    binding.binding_of_option("none"),
    binding.binding_of_option("vfio-pci"),
)


@pytest.mark.parametrize(
    ("override", "driver", "wanted", "fits"),
    [
        (None, "iavf", NATIVE, True),
        (None, None, NATIVE, True),
        (None, "vfio-pci", NATIVE, False),
        ("iavf", "iavf", NATIVE, False),
        (None, None, binding.native(), False),
        (None, "ice", binding.native(), True),
        (None, "ice", binding.native("igb"), False),
        ("none", None, NONE, True),
        (None, None, NONE, False),
        ("none", "iavf", NONE, False),
        ("vfio-pci", "vfio-pci", VFIO, True),
        (None, "vfio-pci", VFIO, True),
        ("vfio-pci", None, VFIO, False),
        ("vfio-pci", "iavf", VFIO, False),
        ("iavf", "vfio-pci", VFIO, False),
        (None, "iavf", binding.exactly(Binding(None, "iavf")), True),
        ("iavf", "iavf", binding.exactly(Binding(None, "iavf")), False),
        (None, None, binding.exactly(Binding()), True),
    ],
)
def test_fits(override, driver, wanted, fits):
    assert binding.is_bound(Binding(override, driver), wanted) is fits


def bind(host, wanted):
    root = host.root()
    binding.bind(root, ICE, binding.read_bindings(root, [ICE])[ICE], wanted)
    return binding.read_bindings(root, [ICE])[ICE]


def test_there_and_back(simulated):
    host = simulated("nics")
    assert bind(host, VFIO) == ("vfio-pci", "vfio-pci")
    assert bind(host, binding.native("ice")) == (None, "ice")
    assert bind(host, NONE) == ("none", None)
    assert bind(host, binding.native()) == (None, "ice")
    assert bind(host, binding.exactly(Binding("ice", "ice"))) == ("ice", "ice")
    assert bind(host, binding.exactly(Binding("ice"))) == ("ice", None)


def test_what_is_so_is_not_written(simulated):
    host = simulated("nics")
    bind(host, VFIO)
    host.kernel.faults.fail("*", errno.EIO, ("write",))
    assert bind(host, VFIO) == ("vfio-pci", "vfio-pci")


def test_reason_of_the_driver_is_told(simulated):
    host = simulated("nics", iommu="none")
    with pytest.raises(HostError) as error:
        bind(host, VFIO)
    assert error.value.errno == "EINVAL"


def test_driver_that_comes_again_by_itself_is_told(simulated):
    host = simulated("nics")
    host.kernel.faults.content(f"sys/bus/pci/devices/{ICE}/driver_override", b"vfio-pci\n")
    with pytest.raises(HostError, match="is bound to ice with driver_override vfio-pci, and not to igb as requested"):
        bind(host, BindingWanted("igb", "vfio-pci", is_exact=True))


def test_ids_of_vfio_pci(simulated):
    host = simulated("nics")
    files = host.kernel.accessor()
    files.write("sys/bus/pci/drivers/vfio-pci/new_id", b"8086 159b")
    files.write(f"sys/bus/pci/devices/{ICE}/driver/unbind", ICE.encode())
    files.write("sys/bus/pci/drivers/vfio-pci/bind", ICE.encode())
    root = host.root()
    observed = binding.read_bindings(root, [ICE])[ICE]
    assert observed == (None, "vfio-pci")
    with pytest.raises(HostError, match="echo '8086 159b' > /sys/bus/pci/drivers/vfio-pci/remove_id"):
        binding.bind(root, ICE, observed, binding.native())
