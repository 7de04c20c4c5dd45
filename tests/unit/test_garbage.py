# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test hosts whose drivers, processes and files return garbage, from their facts to every result of the controller."""

from __future__ import annotations

import errno
import json
import re

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.fleet_report import fleet_report
from ansible_collections.vfio.devices.plugins.filter.fleet_table import fleet_table
from ansible_collections.vfio.devices.plugins.filter.held_cards import held_cards
from ansible_collections.vfio.devices.plugins.filter.resolve import resolve
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.deadline_reader import STATIC
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.tests.unit.conftest import Simulated
from ansible_collections.vfio.devices.tests.unit.golden.test_filters import settings_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

PROFILES = ("t4", "a40", "l40s", "gvt", "mtty", "mbochs", "s390", "nics", "mixed")
FILES = (
    *("description", "name", "device_api", "available_instances", "current_vgpu_type", "creatable_vgpu_types"),
    *("modalias", "numa_node", "driver_override", "sriov_totalvfs", "sriov_vf_device", "sriov_drivers_autoprobe"),
    *("phys_port_name", "comm", "cmdline", "mounts", "mountinfo", "route", "ipv6_route", "swaps", "status"),
)
NUMBERS = ("", "-1", "0", "16x", "1_0", "٣", "4294967295", "9" * 30, "9" * 5000, "1e3", "0x10", "nan", "\x1b[2J5")
VALUES = st.one_of(st.sampled_from(NUMBERS), st.text(max_size=20))
CONTENTS = st.one_of(
    st.binary(max_size=80),
    VALUES.map(str.encode),
    # The format of a driver's text, with other values.
    st.tuples(VALUES, VALUES, VALUES).map(
        lambda values: "num_heads={0}, framebuffer={1}M, max_instance={2}\nlow_gm_size: {1}\nfence: {0}".format(
            *values
        ).encode()
    ),
    st.tuples(VALUES, VALUES).map("{0[0]} : {0[1]}\n1155 : NVIDIA L40S-{0[0]}Q\n0 : x\n".format).map(str.encode),
    VALUES.map("GRID T4-{}Q".format).map(str.encode),
    VALUES.map("{} MB video memory".format).map(str.encode),
    st.just(b"a\x1b]0;title\x07b\xc2\x9b31m\xe2\x80\xaec"),
)
DEFINITIONS = st.one_of(
    CONTENTS,
    st.dictionaries(st.sampled_from(["mdev_type", "start", "attrs"]), st.recursive(VALUES, st.lists, max_leaves=4)).map(
        lambda definition: json.dumps(definition).encode()
    ),
)
# Files that the kernel core answers itself cannot be slow.
COMPUTED = [name for name in FILES if name not in STATIC]
# Without line breaks and tabs, which only descriptions and command lines contain.
UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"


def texts(value):
    """Yield all texts in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def profiles_for(facts):
    """Return a declaration with a profile for each card of the host."""
    made = []
    for function in facts["physical_functions"]:
        name = function["address"]
        types = [
            offered["id"] for parent in facts["parents"] if parent["physical_function"] == name
            for offered in parent["types"]
        ]  # fmt: skip
        one = {"name": f"card {name}", "select": [name], "owner": "none"}
        one.update({"vgpu": {"type": types[0], "count": "max"}} if types else {"mode": "vf", "num_vfs": "max"})
        made.append({**one, "placement": {"resource_class": "CUSTOM_X"}})
    return made


def check_controller(facts):
    """Run everything that the controller does with facts."""
    json.dumps(facts).encode()
    for declared in [profiles_for(facts), *([profile] for profile in profiles_for(facts))]:
        try:
            plan = resolve(declared, facts)
        except AnsibleFilterError as refused:
            said = [str(refused)]
            assert "Error(" not in said[0]
        else:
            said = [settings_of(plan), held_cards(plan, facts)]
        said += [fleet_report({"host": facts}, {"host": declared}), fleet_table({"host": facts})]
        assert not [text for text in texts(said) if UNSHOWN.search(text)]


@settings(max_examples=120)
@given(
    profile=st.sampled_from(PROFILES),
    damages=st.lists(st.tuples(st.sampled_from(FILES), CONTENTS), min_size=1, max_size=4),
    definition=st.one_of(st.none(), DEFINITIONS),
)
@example("t4", [("description", b"num_heads=4, framebuffer=1024M, max_instance=16x")], None)
@example("t4", [("available_instances", b"4294967295")], None)
@example("mtty", [("available_instances", b"-1")], None)
@example("nics", [("sriov_totalvfs", b"many")], None)
@example("l40s", [("current_vgpu_type", b"\x1b[2J")], None)
@example("mbochs", [("description", b"0 MB video memory")], None)
def test_any_text(profile, damages, definition):
    host = Simulated(profile)
    for name, content in damages:
        host.kernel.faults.content(f"*/{name}", content)
    if definition is not None:
        parent = (host.root().names("sys/class/mdev_bus") or ["mtty"])[0]
        host.files.replace(f"etc/mdevctl.d/{parent}/{UUID}", definition)
    facts = host.facts(*run_facts.PARTS)
    check_controller(facts)
    for parent in [parent["name"] for parent in facts["parents"]][:2]:
        for offered in facts["parents"][0]["types"][:1]:
            try:
                host.converge({"type": offered["id"], "parent": parent, "count": "2"}, check=True)
            except Refused as refused:
                assert not any(UNSHOWN.search(sentence) for sentence in refused.problems)


@settings(max_examples=30)
@given(profile=st.sampled_from(PROFILES), pattern=st.sampled_from(COMPUTED), seconds=st.sampled_from([0.5, 25]))
def test_any_slow_file(profile, pattern, seconds):
    host = Simulated(profile)
    host.kernel.faults.delay(f"*/{pattern}", seconds)
    begin = host.files.now()
    facts = host.facts(*run_facts.PARTS)
    if seconds > 2:
        assert host.files.now() - begin < 30
    check_controller(facts)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.EACCES])
@pytest.mark.parametrize("profile", PROFILES)
def test_no_file_is_readable(profile, number):
    host = Simulated(profile)
    for name in FILES:
        host.kernel.faults.fail(f"*/{name}", number)
    check_controller(host.facts(*run_facts.PARTS))
