# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
import yaml
from ansible_collections.vfio.devices.plugins.doc_fragments._host import ModuleDocFragment
from ansible_collections.vfio.devices.plugins.module_utils._guards import base, registry
from ansible_collections.vfio.devices.plugins.modules import sriov_pf_mode
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit import guide

MLX5, IGB, NVME = "0000:98:00.0", "0000:01:00.1", "0000:61:00.0"


@pytest.mark.parametrize("guard", registry.GUARDS, ids=lambda guard: guard.NAME)
def test_every_guard_has_a_name_of_its_own(guard):
    assert [one.NAME for one in registry.GUARDS].count(guard.NAME) == 1
    assert guard.NAME != base.PROCESSES


def test_what_may_be_accepted_is_documented():
    documented = yaml.safe_load(ModuleDocFragment.USERS)["options"]["accept_unseen"]["choices"]
    assert documented == list(base.NAMES)


def test_the_example_of_the_guide_is_a_guard(simulated, run_module, monkeypatch):
    example = guide.example("Add a guard", "reservations", registry.__package__)
    monkeypatch.setattr(registry.observe, "__defaults__", ((*registry.GUARDS, example),))
    host = simulated("nics", files={f"etc/reserved-cards/{MLX5}": "night shift"})
    options = {"functions": [{"pf": MLX5, "mode": "pf"}]}
    refused = run_module(sriov_pf_mode, options, host)
    assert (
        f"it is reserved, so it cannot be unbound from its driver. Remove /etc/reserved-cards/{MLX5} first"
        in refused["msg"]
    )
    host.files.unlink(f"etc/reserved-cards/{MLX5}")
    assert run_module(sriov_pf_mode, options, host)["changed"]


def test_base_names_all_guards():
    assert (base.PROCESSES, *(guard.NAME for guard in registry.GUARDS)) == base.NAMES
    assert set(base.CONFIGURED) < set(base.NAMES)


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize(
    ("profile", "card", "path", "guard"),
    [
        ("nics", IGB, "proc/net/route", "network"),
        ("nics", IGB, "proc/net/if_inet6", "network"),
        ("nics", IGB, "proc/net/packet", "network"),
        ("nics", IGB, "proc/1/mounts", "network"),
        ("nics", IGB, "sys/class/net/enp1s0f1", "network"),
        ("nvme", NVME, "proc/swaps", "storage"),
        ("nvme", NVME, "proc/1/mountinfo", "storage"),
        ("nvme", NVME, "proc/mdstat", "storage"),
        ("nvme", NVME, "sys/class/block", "storage"),
        ("nvme", NVME, "sys/class/block/nvme0n1/holders", "storage"),
    ],
)
def test_uses_are_unknown_without_a_list_of_the_kernel(simulated, run_module, profile, card, path, guard, error):
    host = simulated(profile)
    if not host.files.exists(path):
        host.kernel.tree.add(path, Attribute(b""))
    options = {"functions": [{"pf": card, "mode": "pf"}]}
    assert run_module(sriov_pf_mode, options, host, check_mode=True)["changed"]
    host.kernel.faults.fail(path, error)
    refused = run_module(sriov_pf_mode, options, host)
    assert f"{path}: {errno.errorcode[error]} " in refused["msg"]
    assert f"vfio_accept_unseen: [{guard}]" in refused["msg"]
    assert run_module(sriov_pf_mode, {**options, "accept_unseen": [guard]}, host, check_mode=True)["changed"]
