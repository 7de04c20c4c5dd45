# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import nvidia_vfio

VF, OTHER = "0000:84:00.4", "0000:84:00.5"


def test_a_function_is_given_a_type_and_loses_it(simulated):
    host = simulated("l40s")
    type_id = host.facts("parents")["parents"][0]["types"][0]["id"]
    root = host.root()
    assert nvidia_vfio.occupant(root, pci.function(root, VF)) is None
    assert nvidia_vfio.has_room(root, VF, type_id)
    assert nvidia_vfio.make(root, VF, VF, type_id)
    assert nvidia_vfio.make(root, VF, VF, type_id)
    assert nvidia_vfio.occupant(root, pci.function(root, VF)) == f"a vGPU of type {type_id}"
    assert not nvidia_vfio.has_room(root, VF, type_id)
    assert nvidia_vfio.vanished(root, {VF: type_id, OTHER: type_id}) == {OTHER}
    nvidia_vfio.remove(root, VF, VF)
    assert nvidia_vfio.vanished(root, {VF: type_id}) == {VF}


def test_only_its_functions_have_types(simulated):
    root = simulated("l40s").root()
    assert nvidia_vfio.offers_types(root, VF)
    assert not nvidia_vfio.offers_types(root, "0000:00:00.0")
