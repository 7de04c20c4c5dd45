# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import functools
import json

import pytest
from ansible.module_utils import basic
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._instances import job
from ansible_collections.vfio.devices.plugins.module_utils._instances import wanted as instances_wanted
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.plugins.module_utils._run.call import Call
from ansible_collections.vfio.devices.plugins.modules import mdev_instance
from ansible_collections.vfio.devices.tests.simhost import Accessor, SimHost
from ansible_collections.vfio.devices.tests.simhost.tools import Tools
from hypothesis import HealthCheck, settings

# A busy machine is not a fault of the tested code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

INSTANCE_DEFAULTS = {
    "state": "present",
    "exact": False,
    "placement": "spread",
    "on_busy": "fail",
    "accept_unseen": [],
    "persist": True,
}


class Simulated:
    """A simulated host behind HostRoot: ``kernel`` is the model, ``files`` counts the calls."""

    def __init__(self, profile, **changes):
        self.kernel = SimHost(profile, **changes)
        self.files = Accessor(self.kernel)
        self.tools = Tools(self.kernel, self.files)

    def root(self):
        """Return a new HostRoot, like a new run of a module."""
        return HostRoot("/simulated", files=self.files, tools=self.tools)

    def facts(self, *gather, **options):
        if gather:
            options["gather"] = gather
        return run_facts.observe(self.root(), **options)

    def write(self, path, value):
        self.root().write(path, value)

    def create(self, parent, type_id, uuid):
        """Create an mdev through the interface of the kernel."""
        self.write(f"sys/class/mdev_bus/{parent}/mdev_supported_types/{type_id}/create", uuid)

    def converge(self, *instances, check=False, budget=None, **options):
        """Run mdev_instance once without Ansible; return the result, or raise Refused."""
        options = {**INSTANCE_DEFAULTS, **options}
        instances = [{**dict.fromkeys(mdev_instance.INSTANCE), **instance} for instance in instances]
        for instance in instances:
            if isinstance(instance["type"], str):
                instance["type"] = [instance["type"]]
        wanted = instances_wanted.parse_instances(instances, options["state"], options["exact"])
        return job.converge(self.root(), options, wanted, check, budget)

    def devices(self, state="active"):
        """Map the UUID or address of each device to (parent, type id)."""
        devices = [device for device in self.facts("devices")["devices"] if device["state"] == state]
        return {device["uuid"] or device["address"]: (device["parent"], device["type"]) for device in devices}


@pytest.fixture
def simulated():
    """Return the class that makes a simulated host of a profile."""
    return Simulated


class ModuleEnd(Exception):
    """Raised at the end of a module: ``result`` is the output of the module."""

    def __init__(self, result):
        super().__init__(result.get("msg"))
        self.result = result


@pytest.fixture
def run_module(monkeypatch):
    """Run ``main()`` of a module, on a simulated host if one is given, and return its result."""

    def run(module, options, host=None, **flags):
        def end(self, **result):
            raise ModuleEnd(result)

        with monkeypatch.context() as patch:
            patch.setattr(basic.AnsibleModule, "exit_json", end)
            patch.setattr(basic.AnsibleModule, "fail_json", lambda self, **result: end(self, failed=True, **result))
            if host is not None and hasattr(module, "Call"):
                patch.setattr(module, "Call", functools.partial(Call, open=lambda *args: host.root()))
            if host is not None and hasattr(module, "HostRoot"):
                patch.setattr(module, "HostRoot", lambda *args: host.root())
            with module_arguments({**options, **{f"_ansible_{name}": value for name, value in flags.items()}}):
                try:
                    module.main()
                except ModuleEnd as ended:
                    return ended.result
        raise AssertionError("the module ended without a result")

    return run


@contextlib.contextmanager
def module_arguments(arguments):
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # Before ansible-core 2.19.
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        yield
        basic._ANSIBLE_ARGS = None
    else:
        with patch_module_args(arguments):
            yield


def pytest_terminal_summary(terminalreporter):
    """Print how many bad inputs the tests tried."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    tried = [dict(getattr(report, "user_properties", ())).get("inputs", 0) for report in reports]
    if any(tried):
        terminalreporter.write_line(f"{sum(tried)} bad inputs tried")
