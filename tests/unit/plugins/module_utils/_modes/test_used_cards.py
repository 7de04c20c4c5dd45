# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that cards and virtual functions in use are not changed."""

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import problems
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_open_devices import add_class_device
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_processes import add_process

from tests.unit.card_switches import (
    ICE,
    MLX5,
    at_write,
    kill,
    undisturbed,
)


def test_held_virtual_function_is_refused_and_nothing_is_written(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"})
    virtual = run.card(ICE)["virtual"][2][0]
    run.host.kernel.hold(virtual, pid=4242)
    counted = at_write(run, 1, kill)
    before = run.host.files.now()
    for wanted in ({"mode": "pf"}, {"mode": "vf", "num_vfs": "2"}, {"mode": "vf", "vf_driver": "none"}):
        with pytest.raises(problems.Refused) as refused:
            run({"pf": ICE, **wanted})
        (problem,) = refused.value.problems
        assert virtual in problem
        assert "guest simulated (pid 4242, qemu-system-x86)" in problem
    assert counted.writes == 0
    assert run.host.files.now() - before < 2


def test_what_is_as_it_shall_be_is_no_matter_of_its_users(switch):
    run = switch("nics")
    entry = {"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"}
    run(entry)
    run.host.kernel.hold(run.card(ICE)["virtual"][2][0])
    assert not run(entry)["changed"]


def test_busy_cards_can_be_skipped(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"})
    run.host.kernel.hold(run.card(ICE)["virtual"][0][0])
    result = run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "pf"}, on_busy="skip")
    assert [function["action"] for function in result["functions"]] == ["busy", "changed"]
    assert "in use by guest simulated" in result["functions"][0]["busy"][0]
    assert result["failures"] == []


def test_holder_that_appears_after_the_check_ends_at_the_deadline(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"})
    virtual = run.card(ICE)["virtual"][0][0]
    # The first two writes are the rule and the record; the third removes the virtual functions.
    at_write(run, 3, lambda: run.host.kernel.hold(virtual, pid=4242))
    before = run.host.files.now()
    result = run({"pf": ICE, "mode": "pf"}, {"pf": MLX5, "mode": "pf"})
    first, second = result["functions"]
    assert (first["action"], second["action"]) == ("pending", "skipped")
    assert "pending" in result["failures"][0]
    assert f"{virtual} is in use by guest simulated (pid 4242" in result["failures"][0]
    assert 30 <= run.host.files.now() - before < 60
    assert not [read for read in run.host.files.reads if read.endswith("sriov_numvfs")]
    # While the removal is pending, every change of VFs would block.
    undisturbed(run)
    with pytest.raises(problems.Refused, match="removal of VF"):
        run({"pf": MLX5, "mode": "vf", "num_vfs": "2"})
    run.host.kernel.release(virtual)
    assert run({"pf": ICE, "mode": "pf"})["functions"][0]["after"]["driver"] == "vfio-pci"


def test_holder_that_appears_between_two_writes_keeps_its_virtual_function(switch):
    run = switch("nics")
    run({"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"})
    before = run.card(ICE)
    virtual = before["virtual"][0][0]
    at_write(run, 2, lambda: run.host.kernel.hold(virtual, pid=4242))
    (function,) = run({"pf": ICE, "mode": "pf"})["functions"]
    assert function["action"] == "restored"
    assert f"meanwhile VF {virtual} of {ICE} is in use by guest simulated" in function["error"]
    undisturbed(run)
    assert run.card(ICE) == before


@pytest.mark.parametrize("seconds", [0, 6])
def test_guest_that_starts_while_others_are_changed(switch, seconds):
    """Each destructive step checks the users directly before it runs."""
    run = switch("nics")
    for pf in (ICE, MLX5):
        run({"pf": pf, "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"})
    virtual = run.card(MLX5)["virtual"][1][0]
    before = run.card(MLX5)

    def start():
        run.host.kernel.hold(virtual, pid=4242)
        run.host.files.pause(seconds)

    at_write(run, 3, start)
    result = run({"pf": ICE, "mode": "vf", "num_vfs": "0"}, {"pf": MLX5, "mode": "vf", "num_vfs": "0"})
    first, second = result["functions"]
    assert first["action"] == "changed"
    assert second["action"] == "failed"
    assert f"remains unchanged, because during the run VF {virtual} of {MLX5} is in use by" in second["error"]
    undisturbed(run)
    assert run.card(MLX5) == before


def test_virtual_functions_with_vgpus_stay(switch):
    run = switch("mixed")
    with pytest.raises(problems.Refused) as refused:
        run({"pf": "0000:c1:00.0", "mode": "pf"}, {"pf": "0000:3b:00.0", "mode": "pf"})
    assert any("carries mdev 7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b03" in problem for problem in refused.value.problems)
    assert any("carries mdev 7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01" in problem for problem in refused.value.problems)


def test_boot_drive_and_bond_stay(switch):
    run = switch("mixed")
    with pytest.raises(problems.Refused) as refused:
        run(
            {"pf": "0000:65:00.0", "mode": "pf"}, {"pf": "eno0", "mode": "vf", "num_vfs": "2"}, allow_host_network=False
        )
    assert any("nvme0n1p2 is mounted at /" in problem for problem in refused.value.problems)
    assert any("is a port of the bond bond0" in problem for problem in refused.value.problems)
    with pytest.raises(problems.Refused, match="mounted"):
        run({"pf": "0000:65:00.0", "mode": "pf"}, allow_host_network=True)


def test_switch_of_a_card_whose_rdma_device_a_program_has_open(switch):
    run = switch("nics")
    tree = run.host.kernel.tree
    add_class_device(tree, MLX5, "infiniband_verbs", "uverbs0", "231:192", "infiniband/uverbs0")
    add_process(tree, 70, "/dev/infiniband/uverbs0", command="ovs-vswitchd")
    entry = {"pf": MLX5, "mode": "vf", "num_vfs": "2"}
    with pytest.raises(problems.Refused) as refused:
        run({**entry, "eswitch": "switchdev"}, allow_host_network=True)
    (problem,) = refused.value.problems
    assert "in use by pid 70, ovs-vswitchd" in problem
    assert "so it cannot change the mode of its switch. " in problem
    # Virtual functions alone do not affect the program.
    assert run(entry)["changed"]
