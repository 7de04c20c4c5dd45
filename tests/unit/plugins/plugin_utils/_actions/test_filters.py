# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import filters

# Prints a line for each process that imports the code of a filter. Ansible loads all filters together.
SPY = """
import sys
def hook(event, arguments):
    if event == "import" and arguments[0].endswith(".plugin_utils._report.table"):
        print("filters loaded", file=sys.stderr)
sys.addaudithook(hook)
from ansible.cli.playbook import main
main()
"""


class Loader:
    def __init__(self):
        self.names = []

    def get(self, name):
        self.names.append(name)


@pytest.mark.parametrize(("arguments", "number"), [({}, 1), ({"module_name": "vfio.devices.mdev_facts"}, 0)])
@pytest.mark.parametrize("action", ["cards", "mdev_facts"])
def test_the_first_action_of_a_playbook_loads_the_filters(action, arguments, number, monkeypatch):
    loader, module = Loader(), importlib.import_module(f"ansible_collections.vfio.devices.plugins.action.{action}")
    monkeypatch.setattr(filters, "filter_loader", loader)
    monkeypatch.setattr(context, "CLIARGS", CLIArgs(arguments))
    importlib.reload(module)
    assert len(loader.names) == number


def test_no_task_of_any_host_loads_the_filters_again(tmp_path):
    (tmp_path / "run.py").write_text(SPY)
    (tmp_path / "sys").mkdir()
    facts = {"vfio.devices.mdev_facts": {"host_root": str(tmp_path)}}
    table = {
        "ansible.builtin.debug": {"msg": "{{ {inventory_hostname: ansible_facts.mdev} | vfio.devices.fleet_table }}"}
    }
    (tmp_path / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [facts, table]}]))
    command = [sys.executable, "run.py", "-i", "one,two", "-c", "local", "play.json"]
    environment = {**os.environ, "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("filters loaded") == 1
