# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the work of modules in the guest, each run in its own process like with Ansible."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances_job
from ansible_collections.vfio.devices.plugins.module_utils._instances import wanted as instances_wanted
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes_job
from ansible_collections.vfio.devices.plugins.module_utils._modes import wanted as modes_wanted

INSTANCE = dict.fromkeys(("label", "type", "parent", "uuid", "count", "numa_node", "attributes", "autostart"))
INSTANCES: dict[str, Any] = {
    "state": "present",
    "exact": False,
    "placement": "spread",
    "on_busy": "fail",
    "accept_unseen": [],
    "persist": True,
}
FUNCTION: dict[str, Any] = {
    **dict.fromkeys(("label", "num_vfs", "driver", "vf_driver", "drivers_autoprobe", "vfs", "eswitch")),
    "reconfigurable": True,
}
FUNCTIONS: dict[str, Any] = {"on_busy": "fail", "allow_host_network": False, "accept_unseen": [], "persist": True}


class Failed(AssertionError):
    """A run did not end as expected; the text is the error of the module."""


def mdev_instance(*instances: dict[str, Any], **options: Any) -> None:
    """Run the work of mdev_instance. Raises Failed, also if nothing was changed."""
    options = {**INSTANCES, **options}

    def run() -> dict[str, Any]:
        entries = instances_wanted.parse_instances(
            [{**INSTANCE, **one} for one in instances], options["state"], options["exact"]
        )
        return instances_job.converge(HostRoot(), options, entries, False)

    _in_a_process(run)


def sriov_pf_mode(*functions: dict[str, Any], **options: Any) -> None:
    """Run the work of sriov_pf_mode. Raises Failed, also if nothing was changed."""

    def run() -> dict[str, Any]:
        entries = modes_wanted.parse_functions([{**FUNCTION, **one} for one in functions])
        return modes_job.converge(HostRoot(timeout=60), {**FUNCTIONS, **options}, entries, [], False)

    _in_a_process(run)


def _in_a_process(run: Callable[[], dict[str, Any]]) -> None:
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        os.write(writer, _problem(run).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as stream:
        problem = stream.read()
    os.waitpid(process, 0)
    if problem:
        raise Failed(problem)


def _problem(run: Callable[[], dict[str, Any]]) -> str:
    """Return the error, or an empty text."""
    try:
        result = run()
    except (Refused, HostError) as problem:
        return str(problem)
    except BaseException:
        return traceback.format_exc()
    return "; ".join(result["failures"]) or ("" if result["changed"] else "there was nothing to do")
