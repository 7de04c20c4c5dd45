# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._frameworks.definitions import save_definition
from ansible_collections.vfio.devices.plugins.module_utils._instances.actions import remove_leftovers
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Definition

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"


def test_only_unfinished_files_are_leftovers(simulated):
    host = simulated("mtty")
    root = host.root()
    save_definition(root, "mtty", UUID, Definition("mtty-1", True))
    host.files.replace(f"etc/mdevctl.d/mtty/.{UUID}.vfio-devices-new", b"{")
    host.files.replace("etc/vfio-devices/mdev_instance/.mtty.json.vfio-devices-new", b"{")
    remove_leftovers(root)
    assert root.names("etc/mdevctl.d/mtty") == [UUID]
    assert root.names("etc/vfio-devices/mdev_instance") == []
