# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import containers
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    FUNCTIONS,
    VF0,
    add_links,
)

NSPAWN = "etc/systemd/nspawn/web1.nspawn"


def seen(simulated, files, at_boot=False, **scene):
    host = simulated("empty", files=files)
    add_links(host.kernel.tree)
    root = host.root()
    root.may_start_daemons = not at_boot
    return list(containers.observe(root, Scene(FUNCTIONS, [], Processes(root), **scene)))


def uses(simulated, files, **scene):
    return {one.subject: one.ended_by for one in seen(simulated, files, **scene)}


@pytest.mark.parametrize("running", [True, False])
def test_container_is_named(simulated, running):
    files = {NSPAWN: "Interface=ens2f0v1\n", **({"run/systemd/machines/web1": ""} if running else {})}
    (use,) = seen(simulated, files)
    assert (use.holder.guest, use.holder.running, "stop it" in use.advice) == ("web1", running, running)
    assert bool(seen(simulated, files, at_boot=True)) is running


def test_guests_that_do_not_run_are_left_out_while_work_goes_on(simulated):
    assert seen(simulated, {NSPAWN: "Interface=ens2f0v1\n"}, configured=False) == []


ALL_DEVICES = "[Files]\nBind=/dev/vfio\n"


@pytest.mark.parametrize(
    ("asked", "driver", "count"), [(VF0, "vfio-pci", 1), (VF0, "igb_uio", 1), (VF0, "iavf", 0), (None, "vfio-pci", 0)]
)
def test_container_with_the_devices_of_all_cards_is_a_warning(simulated, asked, driver, count):
    host = simulated("empty", files={NSPAWN: ALL_DEVICES})
    functions = {**FUNCTIONS, VF0: FUNCTIONS[VF0]._replace(driver=driver)}
    root = host.root()
    scene = Scene(functions, [], Processes(root), frozenset([asked] if asked else []))
    root.may_start_daemons = False
    assert (list(containers.observe(root, scene)), root.warnings) == ([], [])
    root.may_start_daemons = True
    assert list(containers.observe(root, scene)) == []
    assert len(root.warnings) == count
    assert all("containers web1, because" in one and f"do not use {VF0}" in one for one in root.warnings)


def test_container_whose_devices_are_unknown(simulated):
    number = "3f" * 32
    files = {f"run/user/1000/containers/overlay-containers/{number}/userdata/pidfile": "77", "proc/77/comm": "web"}
    (found,) = seen(simulated, files)
    assert isinstance(found, Unseen) and "process 77" in found.sentence
