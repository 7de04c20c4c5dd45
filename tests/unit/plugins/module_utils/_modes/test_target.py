# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._devices.binding import CHOICE
from ansible_collections.vfio.devices.plugins.module_utils._model.host import (
    Binding,
    Card,
    Kept,
    Native,
    Sriov,
    VfSettings,
    VirtualFunction,
)
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import BindingWanted, VfTarget
from ansible_collections.vfio.devices.plugins.module_utils._modes.target import (
    binding_of,
    lasting_autoprobe,
    most_vfs,
    present_target,
    wanted_target,
)

PF = "0000:31:00.0"
ICE = Card(PF, None, Binding(None, "ice"), "host", sriov=Sriov(8, autoprobe=True), is_native=True)
GIVEN = ICE._replace(binding=Binding("vfio-pci", "vfio-pci"), is_native=False, mode="pf")


@pytest.mark.parametrize(
    ("card", "most"),
    [
        (ICE, 8),
        (ICE._replace(sriov=None), 0),
        (ICE._replace(sriov=Sriov(None)), 0),
        (GIVEN, 8),
        (GIVEN._replace(kept=Kept(native=Native("ice", total_vfs=4))), 4),
    ],
)
def test_most_virtual_functions(card, most):
    assert most_vfs(card) == most


@pytest.mark.parametrize(("drivers", "driver"), [(["ice"], "ice"), (["igb"], CHOICE)])
def test_recorded_driver_is_taken_where_it_is_loaded(entries, drivers, driver):
    (entry,) = entries({"pf": PF, "mode": "vf"})
    card = GIVEN._replace(kept=Kept(native=Native("ice")))
    assert wanted_target(entry, card, drivers, persist=True).binding.driver == driver


def test_binding_of_each_virtual_function(entries):
    (entry,) = entries({"pf": PF, "mode": "vf", "vf_driver": "iavf", "vfs": [{"index": "1", "driver": "vfio-pci"}]})
    target = wanted_target(entry, ICE, ["ice"], persist=True)
    assert [binding_of(target, number) for number in (0, 1)] == [
        BindingWanted("iavf", "iavf"),
        BindingWanted("vfio-pci", "vfio-pci"),
    ]


def test_an_address_of_zeros_is_not_put_back():
    virtual = VirtualFunction("0000:31:01.0", 0, Binding(None, "iavf"))
    settings = {0: VfSettings(mac="00:00:00:00:00:00", vlan=5)}
    target = present_target(ICE._replace(virtual_functions=(virtual,), settings=settings))
    assert target.vfs == {0: VfTarget(BindingWanted("iavf", None, is_exact=True), VfSettings(vlan=5))}


def test_autoprobe_that_a_run_has_switched_off_is_to_come_back():
    assert lasting_autoprobe(ICE._replace(sriov=Sriov(8, autoprobe=False))) is False
    assert lasting_autoprobe(ICE._replace(sriov=Sriov(8, autoprobe=False), kept=Kept(autoprobe_off=True))) is True
