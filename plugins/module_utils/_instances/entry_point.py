# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run mdev_instance: parse its options, apply them and return its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.numbers import duration
from .._core.problems import evaluate_all
from .._host.root import summarize
from .._run.call import Call
from . import job
from .wanted import parse_instances


def set_devices(options: Mapping[str, Any], call: Call) -> tuple[Mapping[str, Any], list[str]]:
    """Return the result and the warnings; ``options`` contains all options of the module."""
    wanted, timeout = evaluate_all(
        lambda: parse_instances(options["instances"], options["state"], options["exact"]),
        lambda: duration(options["timeout"], "timeout"),
    )
    host = call.open(options["host_root"], timeout)
    result = job.converge(host, options, wanted, call.check_mode, call.budget)
    return result, summarize(host.warnings)
