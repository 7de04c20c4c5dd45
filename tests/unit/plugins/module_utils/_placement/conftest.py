# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import retry
from ansible_collections.vfio.devices.plugins.modules import placement_inventory
from ansible_collections.vfio.devices.tests.unit import placement_server


class Run:
    """One run of placement_inventory against a server: its result, what it took, and what reached the server."""

    def __init__(self, run_module, server):
        self.run_module, self.server, self.seconds = run_module, server, 0.0

    def options(self, **options):
        auth = {"endpoint": self.server.url, "token": placement_server.TOKEN}
        return {"auth_type": "admin_token", "auth": auth, "tries": 2, "api_timeout": 10, **options}

    def __call__(self, check=False, **options):
        begin = time.monotonic()
        options = {"providers": placement_server.WANTED, **self.options(), **options}
        result = self.run_module(placement_inventory, options, check_mode=check)
        self.seconds = time.monotonic() - begin
        assert placement_server.TOKEN not in repr(result)
        assert result.get("msg", "").isprintable()
        assert check or bool(self.server.writes()) >= bool(result.get("changed"))
        return result


@pytest.fixture
def server(monkeypatch):
    # The SDK keeps settings for the next connection of the same process.
    monkeypatch.setattr("openstack.config.defaults._defaults", None)
    monkeypatch.setattr(retry, "FIRST", 0.001)
    running = placement_server.Server()
    yield running
    running.stop()


@pytest.fixture
def run(run_module, server):
    return Run(run_module, server)
