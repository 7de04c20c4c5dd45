# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.running_users import FilterModule

running_users = FilterModule().filters()["running_users"]
GATHER = ("physical_functions", "parents", "devices", "users")


def test_a_free_host(simulated):
    assert running_users(simulated("nics").facts(*GATHER)) == []


def user(pid=None, domain=None, running=True):
    return {"pid": pid, "domain": domain, "running": running}


def test_guests_and_processes_of_all_functions_and_devices():
    web = user(7, "web1")
    facts = {
        "physical_functions": [{"users": [user(9)], "virtual_functions": [{"users": [user(8), web]}]}],
        "devices": [{"users": [web, user(None, "off", running=False)]}],
    }
    assert running_users(facts) == ["guest web1", "process 9", "process 8"]


def test_unknown_users_are_not_no_users(simulated):
    with pytest.raises(AnsibleFilterError, match="facts with users"):
        running_users(simulated("t4").facts())
