# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import random

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._site.observe import Boot, observe_site
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import differences
from ansible_collections.vfio.devices.tests.simhost.tree import File
from ansible_collections.vfio.devices.tests.unit.site import DECLARATIONS, PERSIST, PROGRAM, SITES, Site


@pytest.fixture
def site(simulated):
    def make(name, host):
        made = Site(simulated(host), DECLARATIONS[name]["profiles"])
        try:
            made.plan(made.host.facts())
        except Exception as error:
            pytest.skip(str(error))
        return made

    return make


@pytest.mark.parametrize(("name", "host"), SITES)
def test_the_comparison_says_what_check_mode_of_the_roles_says(site, name, host):
    one = site(name, host)
    if one is None:
        return
    assert bool(one.due()) >= one.says()
    with contextlib.suppress(Refused):
        one.roles(check=False)
        one.roles(check=False)
        # With a warning, a used device or an unreadable file the roles have to check.
        if not one.says() and not one.host.facts()["warnings"]:
            assert one.due() == []
    assert bool(one.due()) >= one.says()


@pytest.mark.parametrize(
    ("host", "steps"), [("t4", 9), ("a40", 4), ("l40s", 6), ("nics", 9), ("mtty", 9), ("mixed", 4)]
)
def test_no_drift_is_missed(site, host, steps):
    one = site("demo", host)
    for _turn in range(2):
        one.roles(check=False)
    chance = random.Random(host)
    unseen = 0
    for step in range(steps):
        spoil(one.host, chance)
        says = one.says()
        assert bool(one.due()) >= says
        unseen += not says
        if step % 3 == 2:
            with contextlib.suppress(AnsibleFilterError, Refused, HostError):
                one.roles(check=False)
    assert unseen < steps


def spoil(host, chance):
    """Change something on the host that an administrator, a guest or another program could have changed."""
    nodes = host.kernel.tree.nodes
    ours = [
        path for path, node in nodes.items() if path.startswith(("etc/", "usr/local/lib/")) and isinstance(node, File)
    ]
    facts = host.facts()
    devices = [one["uuid"] for one in facts["devices"] if one["uuid"] and one["state"] == "active"]
    cards = [one for one in facts["physical_functions"] if one["num_vfs"] or one["mode"] == "pf"]
    virtual = [one["address"] for card in cards for one in card["virtual_functions"]]
    choices = []
    if ours:
        path = chance.choice(sorted(ours))
        choices += [lambda: host.files.unlink(path), lambda: host.files.replace(path, host.files.read(path)[:-9])]
    if devices:
        choices += [lambda: host.write(f"sys/bus/mdev/devices/{chance.choice(devices)}/remove", "1")]
        choices += [lambda: host.kernel.hold(chance.choice(devices), comm="qemu-system-x86")]
    if cards:
        card = chance.choice(cards)["address"]
        choices += [lambda: host.write(f"sys/bus/pci/devices/{card}/sriov_numvfs", "0")]
        choices += [lambda: host.write(f"sys/bus/pci/devices/{card}/driver_override", "vfio-pci")]
    if virtual:
        choices += [lambda: host.write(f"sys/bus/pci/devices/{virtual[-1]}/driver/unbind", virtual[-1])]
    if choices:
        # The kernel rejects some of them.
        with contextlib.suppress(OSError, HostError):
            chance.choice(choices)()


def test_what_has_no_record_is_due(site):
    one = site("demo", "nics")
    for _turn in range(2):
        one.roles(check=False)
    seen = observe_site(one.host.root(), [], Boot(True, None, 60.0, PROGRAM), [], [])
    plan = one.plan(seen["facts"])
    assert differences.of_host(plan, seen, False, PERSIST).all == []
    assert differences.of_host(plan, seen, False, {**PERSIST, "sriov": False}).modes == [
        "the modes of cards have no records"
    ]
    unknown = differences.of_host(plan, {**seen, "reasons": {"host": ["it is unknown"]}}, False, PERSIST)
    assert (unknown.all, unknown.stages) == (["it is unknown"], ["modes", "layouts", "devices", "boot"])
    of_boot = differences.of_host(plan, {**seen, "boot_due": None}, False, PERSIST)
    assert (of_boot.all, of_boot.stages) == (["the files of the boot service differ"], ["boot"])
    entry = {**plan["functions"][0], "num_vfs": "2"}
    changed = differences.of_host({**plan, "functions": [entry, *plan["functions"][1:]]}, seen, False, PERSIST)
    assert (changed.all, changed.stages) == ([f"{entry['pf']} is not recorded as it is declared"], ["modes"])


def test_a_boot_service_that_nobody_wants_is_no_reason(site):
    host = site("demo", "t4").host
    host.files.unlink("usr/bin/python3")
    seen = observe_site(host.root(), [], Boot(True, None, 60.0, PROGRAM), [], [])
    assert differences.of_host(resolve([], seen["facts"]), seen, False, PERSIST).all == []
    wanted = differences.of_host(resolve(DECLARATIONS["demo"]["profiles"], seen["facts"]), seen, False, PERSIST)
    assert "this host has no Python 3.9 or later" in wanted.roles[0]


@pytest.mark.parametrize(("recorded", "differ"), [({"1g.5gb": 4}, False), ({"2g.10gb": 2}, True)])
def test_record_of_a_layout_does_not_say_whether_vgpus_are_replaced(recorded, differ):
    gpu = {"pf": "0000:41:00.0", "enabled": True, "layout": {"1g.5gb": 4}, "compute_instances": True}
    plan = {"partitions": [{**gpu, "replace_vgpus": True, "label": "profile a"}]}
    facts = {"physical_functions": [{"address": "0000:41:00.0", "mig": None}]}
    seen = {"layouts": {"0000:41:00.0": {**gpu, "layout": recorded}}, "facts": facts}
    assert bool(differences._layouts(plan, seen, {"mig": True})) is differ
