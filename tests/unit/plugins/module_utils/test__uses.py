# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine any users with any requests: no write takes away a used device."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.restore import restore
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._guards import (
    containers,
    devices,
    kubernetes,
    network,
    open_devices,
    storage,
    vfio,
)
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances_job
from ansible_collections.vfio.devices.plugins.module_utils._modes import apply as modes_apply
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes_job
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tests.unit.used_host import (
    ENDED_BY,
    World,
)

NIC = {
    "vendor": "8086",
    "device": "159b",
    "class_code": "020000",
    "driver": "ice",
    "netdev": {"name": "ens{bus}"},
    "sriov": {"total": 4, "offset": 8, "device": "1889", "driver": "iavf", "netdev": True},
}
NVIDIA = {"vendor": "10de", "class_code": "030200", "driver": "nvidia"}
VFS_OF_GPU = {"total": 4, "offset": 4, "driver": "nvidia", "numvfs": 4}
DRIVE = {"vendor": "144d", "device": "a80a", "class_code": "010802", "driver": "nvme"}
# There are few functions, so that requests often meet users.
NETWORK = {
    "kernel": "6.12",
    "functions": [
        {"address": "0000:31:00.0", **NIC},
        {"address": "0000:32:00.0", **NIC},
        {"address": "0000:61:00.0", "controller": "nvme0", "disks": [{"name": "nvme0n1"}], **DRIVE},
    ],
    "parents": [{"types": "mtty", "name": "mtty", "path": "sys/devices/virtual/mtty/mtty"}],
}
MEDIATED = {
    "kernel": "5.15",
    "functions": [
        {"address": "0000:3b:00.0", "device": "1eb8", "vgpu": {"types": "tesla_t4"}, **NVIDIA},
        {
            "address": "0000:41:00.0",
            "device": "2235",
            "vgpu": {"types": "a40", "on": "vf"},
            "sriov": {"device": "2235", **VFS_OF_GPU},
            **NVIDIA,
        },
    ],
}
VENDOR_SPECIFIC = {
    "kernel": "6.8",
    "functions": [
        {
            "address": "0000:84:00.0",
            "device": "26b9",
            "vgpu": {"types": "l40s", "on": "vf", "framework": "vendor_vfio"},
            "sriov": {"device": "26b9", **VFS_OF_GPU},
            **NVIDIA,
        },
        {"address": "0000:31:00.0", **NIC},
    ],
}
HOSTS = {"network": NETWORK, "mediated": MEDIATED, "vendor-specific": VENDOR_SPECIFIC}

# A stopped container cannot start to use anything during the work: it has to be started first.
BEFORE_ONLY = ("stopped",)


places = st.integers(0, 999)
counts = st.sampled_from([2, "max"])
drivers = st.sampled_from(["vfio-pci", "default", "none", None])
preparations = st.tuples(st.lists(st.tuples(st.sampled_from("044"), drivers), min_size=2, max_size=2), counts, places)
modes = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["vf", "vf", "pf"]),
        "num_vfs": st.sampled_from(["0", "1", "4", "max"]),
        "vf_driver": drivers,
    }
)
actions = st.one_of(
    st.tuples(st.just("modes"), st.lists(st.tuples(places, modes), min_size=1, max_size=2), st.booleans()),
    st.tuples(
        st.just("instances"),
        st.tuples(places, places, counts),
        st.sampled_from(["present", "exact", "exact", "absent"]),
    ),
    st.tuples(st.just("restore"), st.booleans()),
)


def cards(world):
    """Return the cards whose number of VFs can be set."""
    return [one["address"] for one in world.profile["functions"] if "sriov" in one]


def prepare(world, of_cards, count, place):
    """Set up cards and devices before there are users."""
    for card, (number, driver) in zip(cards(world), of_cards):
        if world.kernel.function(card).driver.name == "ice":
            act(world, ("modes", [(cards(world).index(card), {"mode": "vf", "num_vfs": number, "vf_driver": driver})]))
    for parent in world.host.facts("parents")["parents"][:5]:
        kind = parent["types"][place % len(parent["types"])]["id"]
        with contextlib.suppress(Refused):
            world.host.converge({"parent": parent["name"], "type": kind, "count": count})


def change_modes(world, wanted, skips=False):
    functions = {}
    for place, options in wanted:
        card = world.profile["functions"][place % len(world.profile["functions"])]
        whole = options["mode"] == "pf" or "sriov" not in card
        functions[card["address"]] = {"pf": card["address"], **({"mode": "pf"} if whole else options)}
    world.switch(*functions.values(), on_busy="skip" if skips else "fail")


def change_instances(world, wanted, state):
    place, other, count = wanted
    parents = world.host.facts("parents")["parents"]
    offers = [(parent["name"], kind["id"]) for parent in parents for kind in parent["types"]]
    if not offers:
        return
    parent, kind = offers[place % len(offers)]
    chosen = {"parent": parent, "type": kind, "count": count}
    uuids = sorted(world.kernel.mdev.devices)
    if state == "absent":
        chosen = {"uuid": uuids[other % len(uuids)]} if uuids else {"parent": parent, "type": kind}
    options = {"exact": state == "exact", "state": "absent" if state == "absent" else "present"}
    world.host.converge(chosen, on_busy="skip" if other % 2 else "fail", **options)


def act(world, action):
    """Run a module or the boot program once; refusals and failures are valid results."""
    kind, *arguments = action
    world.boots = kind == "restore"
    with contextlib.suppress(Refused, HostError):
        if kind == "modes":
            change_modes(world, *arguments)
        elif kind == "instances":
            change_instances(world, *arguments)
        else:
            if arguments[0]:
                world.reboot()
            restore(world.host.root(), timeout=1)


def play(name, preparation, before, disturbances):
    world = World(HOSTS[name])
    prepare(world, *preparation)
    for user in before:
        world.use(*user)
    for action, arrivals, failure in disturbances:
        world.watch(arrivals, failure)
        act(world, action)
    return world


def plays(*kinds):
    """Generate plays with these kinds of users: before the first action, and during an action."""
    running = [kind for kind in kinds if kind not in BEFORE_ONLY]
    before = st.lists(st.tuples(st.sampled_from(kinds), places), max_size=2)
    arriving = st.lists(st.tuples(st.sampled_from(running or ["guest"]), places), min_size=1, max_size=3)
    arrivals = st.dictionaries(st.integers(1, 8), arriving, min_size=1, max_size=3)
    disturbed = st.tuples(actions, arrivals, st.none() | st.integers(2, 8))
    disturbances = st.lists(disturbed, min_size=1, max_size=3)
    return st.tuples(st.sampled_from(sorted(HOSTS)), preparations, before, disturbances)


@settings(max_examples=150, database=None, derandomize=True)
@given(plays("guest", "guest", "disk", *sorted(ENDED_BY)))
def test_nobody_loses_what_is_used(wanted):
    assert play(*wanted).taken == []


RESTORE = modes_apply._restore


def restore_without_looks(host, before, outcome, uses):
    RESTORE(host, before, outcome, None)


def without_guard(guard):
    def breaks(patch):
        patch.setattr(guard, "observe", lambda host, scene: [])

    return breaks


def without_looks_at(job, name, nobody):
    """Check the users for the plan, but not directly before a write."""

    def breaks(patch):
        patch.setattr(job, name, nobody)

    return breaks


@pytest.mark.parametrize(
    ("breaks", "kinds"),
    [
        (without_guard(vfio), ["guest"]),
        (without_guard(open_devices), ["program"]),
        (without_guard(devices), ["container", "macvlan"]),
        (without_guard(network), ["address"]),
        (without_guard(storage), ["disk"]),
        (without_guard(kubernetes), ["pod"]),
        (without_guard(containers), ["stopped"]),
        (without_looks_at(modes_job, "_uses", lambda *arguments: None), ["guest", "program"]),
        (without_looks_at(instances_job, "_current_uses", lambda *arguments: ()), ["guest"]),
        (without_looks_at(modes_apply, "_restore", restore_without_looks), ["guest", "program", "address"]),
    ],
)
def test_property_fails_if_something_is_not_looked_at(monkeypatch, breaks, kinds):
    breaks(monkeypatch)
    chosen = settings(max_examples=600, database=None, derandomize=True, phases=[Phase.generate], deadline=None)
    assert play(*find(plays(*kinds), lambda wanted: bool(play(*wanted).taken), settings=chosen)).taken
