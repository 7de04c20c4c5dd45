# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

import pytest
from ansible_collections.vfio.devices.plugins.modules import placement_inventory, placement_inventory_info
from ansible_collections.vfio.devices.tests.integration.placement import proxy as proxies
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.unit import conftest as unit

run_module = unit.run_module  # a fixture

NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """Reset the SDK, which keeps settings of one connection for the next one in the same process."""
    monkeypatch.setattr("openstack.config.defaults._defaults", None)


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """Start a Placement for all tests; each test has its own tree."""
    running = services.placement(tmp_path_factory.mktemp("placement"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def _proxy(service):
    running = proxies.Proxy(service.port)
    yield running
    running.stop()


@pytest.fixture
def proxy(_proxy):
    """Return the proxy between the module and Placement, which counts requests and injects errors."""
    _proxy.clear()
    return _proxy


@pytest.fixture
def cloud(service):
    return services.Cloud(service.url)


@pytest.fixture
def root(cloud):
    """Return the name of a compute node that is created like by nova-compute."""
    name = f"node{next(NUMBERS)}"
    cloud.make(name, traits=["COMPUTE_NODE", "OWNER_NOVA"], inventories={"VCPU": 16})
    return name


class Run:
    """Runs the module through the proxy, and records what it wrote."""

    def __init__(self, run_module, proxy):
        self.run_module, self.proxy = run_module, proxy
        self.writes = []

    def options(self):
        return {"auth_type": "admin_token", "auth": {"endpoint": self.proxy.url, "token": "admin"}}

    def __call__(self, providers, check=False, **options):
        self.proxy.requests.clear()
        result = self.run_module(
            placement_inventory, {**self.options(), "providers": providers, **options}, check_mode=check, diff=True
        )
        self.writes = self.proxy.writes()
        if "calls" in result:
            assert result["calls"] == len(self.proxy.requests)
        assert not check or not self.writes
        return result

    def info(self, *roots, **options):
        self.proxy.requests.clear()
        result = self.run_module(placement_inventory_info, {**self.options(), "roots": list(roots), **options})
        assert result.get("calls", 0) == len(self.proxy.requests)
        return result


@pytest.fixture
def run(run_module, proxy):
    return Run(run_module, proxy)
