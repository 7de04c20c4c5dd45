# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run modules and filters like Ansible, and record their output."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from pathlib import Path

import yaml
from ansible.errors import AnsibleFilterError
from ansible.module_utils import basic
from ansible_collections.vfio.devices.tests.simhost.tree import File, Link
from ansible_collections.vfio.devices.tests.unit.golden import engine

PLUGINS = "ansible_collections.vfio.devices.plugins"
MODULES = ("boot_restore", "mdev_facts", "mdev_instance", "placement_inventory", "sriov_pf_mode")
SAME = "the same"
ALL_FACTS = ("physical_functions", "parents", "devices", "iommu", "mdevctl", "users")


def table(name):
    """Load a table from this directory."""
    return yaml.safe_load((Path(__file__).parent / "tables" / f"{name}.yml").read_text(encoding="utf-8"))


def left_over(folder, names):
    """Return the golden files that no test compares."""
    data = Path(__file__).parent / "data" / folder
    return sorted({path.stem for path in data.glob("*.json")} - set(names))


def apply(name, *arguments, **options):
    """Return the result of a filter, with texts as lists of lines; a final newline gives an empty last line."""
    function = importlib.import_module(f"{PLUGINS}.filter.{name}").FilterModule().filters()[name]
    try:
        value = function(*arguments, **options)
    except AnsibleFilterError as error:
        return {"refused": str(error).split("\n")}
    return value.split("\n") if isinstance(value, str) else value


def unless_same(value, before):
    """Return the value, or SAME if both have the same JSON text, including the order of keys."""
    return SAME if json.dumps(value) == json.dumps(before) else value


class Play:
    """A play without Ansible."""

    def __init__(self, run_module, simulated, monkeypatch):
        self._run_module = run_module
        self._monkeypatch = monkeypatch
        self.host_of = simulated

    def run(self, name, options, host=None, check=False):
        """Return the result of one run of a module, with its warnings."""
        module = importlib.import_module(f"{PLUGINS}.modules.{name}")
        said = []
        self._monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, sentence: said.append(sentence))
        result = self._run_module(module, options, host, check_mode=check, diff=True)
        return {**result, "warnings": said} if said else result

    def runs(self, name, options, host=None):
        """Run in check mode, then really, then again; abbreviate repeated results."""
        check = self.run(name, options, host, check=True)
        done = self.run(name, options, host)
        again = self.run(name, options, host)
        return {"check": check, "done": unless_same(done, check), "again": unless_same(again, done)}

    def facts(self, host, gather=ALL_FACTS):
        """Return the result of mdev_facts; a parent with the types of the previous parent refers to it."""
        result = self.run("mdev_facts", {"gather": list(gather)}, host)
        parents = result.get("ansible_facts", {}).get("mdev", {}).get("parents", [])
        same = None
        for parent in parents:
            types = parent["types"]
            if same and unless_same(types, same[1]) == SAME:
                parent["types"] = f"those of {same[0]}"
            else:
                same = (parent["name"], types)
        return result

    def restore(self, host, *arguments):
        """Return the output of the boot program, and its duration on the clock of the host."""
        begin, out, errors = host.kernel.clock.now(), io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            status = engine.restore(self._monkeypatch, host, *arguments)
        seconds = round(host.kernel.clock.now() - begin, 3)
        lines = {"out": out.getvalue().splitlines(), "errors": errors.getvalue().splitlines()}
        return {"status": status, "seconds": seconds, **lines}

    def step(self, host, verb, argument):
        """Run one step of a table: a module, the boot program, or an event on the host."""
        if verb == "mdev_facts":
            return self.facts(host, **(argument or {}))
        if verb in MODULES:
            return self.runs(verb, argument or {}, host)
        if verb == "restore":
            return self.restore(host, *argument)
        if verb == "hold":
            host.kernel.hold(**argument)
        elif verb == "release":
            host.kernel.release(argument)
        elif verb == "interface":
            host.kernel.netdev_up(**argument)
        elif verb == "fail":
            host.kernel.faults.fail(**{**argument, "operations": tuple(argument["operations"])})
        elif verb == "mend":
            host.kernel.faults.clear()
        elif verb == "driver":
            setattr(host.kernel.drivers[argument["name"]], argument["field"], argument["value"])
        elif verb == "reboot":
            host.kernel.reboot(argument)
        elif verb == "connection":
            self._monkeypatch.setenv("SSH_CONNECTION", argument)
        else:
            raise ValueError(verb)
        return None


def files(host):
    """Return the ordinary files of a host by path, as lists of lines, and its links."""
    found = {}
    for path, node in sorted(host.kernel.tree.nodes.items()):
        if path.startswith("etc/") and isinstance(node, File):
            found[path] = node.data.decode().split("\n")
        elif path.startswith("etc/") and isinstance(node, Link):
            found[path] = f"-> {node.target}"
    return found
