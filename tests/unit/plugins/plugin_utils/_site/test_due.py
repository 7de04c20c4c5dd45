# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import hashlib
import json
import random

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._boot import job as boot
from ansible_collections.vfio.devices.plugins.module_utils._boot.archive import build
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes
from ansible_collections.vfio.devices.plugins.module_utils._site.observe import Boot, observe_site
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.plan import resolve
from ansible_collections.vfio.devices.plugins.plugin_utils._site import due, entries
from ansible_collections.vfio.devices.tests.simhost.tree import File
from ansible_collections.vfio.devices.tests.unit.golden.play import table

DECLARATIONS = table("declarations")
SITES = [(name, host) for name, declaration in DECLARATIONS.items() for host in declaration["hosts"]]
PROGRAM = hashlib.sha256(build()).hexdigest()
PERSIST = {"sriov": True, "mig": True, "mdev": True}
OPTIONS = {"on_busy": "fail", "allow_host_network": False, "accept_unseen": [], "persist": True}
DEVICES = {**OPTIONS, "placement": "spread"}


class Site:
    """The steps of the playbook site on a simulated host, without Ansible."""

    def __init__(self, host, profiles):
        self.host, self.profiles = host, profiles

    def plan(self, facts):
        return resolve(self.profiles, facts)

    def due(self):
        """Return the reasons of the comparison, from the result that a module would have returned."""
        seen = observe_site(self.host.root(), False, False, Boot(True, None, 60.0, PROGRAM), [], [])
        seen = json.loads(json.dumps(seen))
        try:
            return due.of_host(self.plan(seen["facts"]), seen, False, PERSIST)
        except AnsibleFilterError as error:
            return [str(error)]

    def roles(self, check):
        """Return whether the roles change or report anything."""
        said = False
        for step in (self._modes, self._devices, self._unwanted, self._boot):
            plan = self.plan(self.host.facts())
            result = step(plan, check)
            said = said or bool(result and (result["changed"] or result.get("busy") or result.get("failures")))
            said = said or any(one["busy"] for one in (result or {}).get("functions", []))
        return said or bool(self.plan(self.host.facts())["later"])

    def _modes(self, plan, check):
        wanted = entries.functions(plan["functions"])
        return modes.converge(self.host.root(), OPTIONS, wanted, [], check) if wanted else None

    def _devices(self, plan, check):
        options = {**DEVICES, "state": "present", "exact": True}
        wanted = entries.instances(plan["instances"]) if plan["instances"] else None
        return instances.converge(self.host.root(), options, wanted, check) if wanted else None

    def _unwanted(self, plan, check):
        return self.host.converge(*plan["unwanted"], state="absent", check=check) if plan["unwanted"] else None

    def _boot(self, plan, check):
        return boot.converge(self.host.root(), True, None, 60.0, check) if plan["cards"] else None

    def says(self):
        """Return whether the roles report anything in check mode; a refusal counts."""
        try:
            return self.roles(check=True)
        except (AnsibleFilterError, Refused, HostError):
            return True


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
    seen = observe_site(one.host.root(), False, False, Boot(True, None, 60.0, PROGRAM), [], [])
    plan = one.plan(seen["facts"])
    assert due.of_host(plan, seen, False, PERSIST) == []
    assert due.of_host(plan, seen, False, {**PERSIST, "sriov": False}) == ["the modes of cards have no records"]
    assert due.of_host(plan, {**seen, "reasons": ["it is unknown"]}, False, PERSIST) == ["it is unknown"]
    assert due.of_host(plan, {**seen, "boot_due": None}, False, PERSIST) == ["the files of the boot service differ"]
    entry = {**plan["functions"][0], "num_vfs": "2"}
    changed = {**plan, "functions": [entry, *plan["functions"][1:]]}
    assert due.of_host(changed, seen, False, PERSIST) == [f"{entry['pf']} is not recorded as it is declared"]
