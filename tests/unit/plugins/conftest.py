# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._modes import job, observe, wanted
from ansible_collections.vfio.devices.tests.simhost.pci import PciFunction

DEFAULTS = {"on_busy": "fail", "allow_host_network": False, "accept_unseen": [], "persist": True}


def complete(function):
    """Return an entry of ``functions`` with all keys, as Ansible passes it."""
    entry = {**dict.fromkeys(wanted.FUNCTION), "reconfigurable": True, **function}
    if entry["vfs"]:
        entry["vfs"] = [{**dict.fromkeys(wanted.VIRTUAL_FUNCTION), **virtual} for virtual in entry["vfs"]]
    return entry


def parse(*functions):
    """Return entries as the plan expects them."""
    return wanted.parse_functions([complete(function) for function in functions])


class Switch:
    """Runs of sriov_pf_mode without Ansible on one simulated host."""

    def __init__(self, host, connection=()):
        self.host = host
        self.connection = list(connection)

    def __call__(self, *functions, check=False, budget=None, **options):
        options = {**DEFAULTS, **options}
        return job.converge(self.host.root(), options, parse(*functions), self.connection, check, budget)

    def card(self, pf):
        """Return the state of a card that a change could leave behind."""
        card = observe.observe_cards(self.host.root(), parse({"pf": pf, "mode": "vf"})).cards[pf]
        kept = card.kept
        return {
            "driver": card.binding.driver,
            "driver_override": card.binding.override,
            "autoprobe": card.autoprobe,
            "virtual": {one.number: (one.address, *one.binding) for one in card.virtual_functions},
            "record": kept.record,
            "memory": kept.remembered,
            "autoprobe_off": kept.autoprobe_off,
            "changing": kept.changing,
            "rule": kept.rule,
        }


class Arrival:
    """Files of a host on which another process opens a device as soon as it is created."""

    def __init__(self, host, hidden=False):
        self._host, self._files, self._hidden = host, host.files, hidden

    def __getattr__(self, name):
        return getattr(self._files, name)

    def in_time(self, timeout, method, *arguments):
        return self._files.attempt(lambda: getattr(self, method)(*arguments), timeout)

    def write(self, path, data):
        self._files.write(path, data)
        name = data.decode().strip() if path.endswith("/create") else None
        if path.endswith("/nvidia/current_vgpu_type") and data.strip() != b"0":
            name = path.split("/")[-3]
        if name:
            kernel = self._host.kernel
            kernel.hold(name, pid=4242, cmdline=["qemu-system-x86_64", "-name", "guest=web1"])
            if self._hidden:
                kernel.faults.fail("proc/4242/fd", errno.EACCES)


@pytest.fixture
def switch(simulated):
    """Return a function that makes a simulated host: ``switch("nics")({"pf": ..., "mode": "pf"})``."""

    def make(profile, connection=(), **changes):
        return Switch(simulated(profile, **changes), connection)

    return make


@pytest.fixture
def entries():
    """Return the function that parses entries of ``functions``."""
    return parse


@pytest.fixture
def probes(monkeypatch):
    """Map each device to the drivers that probed it, in order."""
    found = {}
    probe = PciFunction.probe

    def noted(function, driver):
        found.setdefault(function.name, []).append(driver.name)
        probe(function, driver)

    monkeypatch.setattr(PciFunction, "probe", noted)
    return found
