# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run mig_layout: parse its options, apply them and return its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.numbers import duration
from .._core.problems import evaluate_all
from .._run.call import Call
from . import job
from .wanted import parse_gpus


def set_layouts(given: Mapping[str, Any], call: Call) -> tuple[Mapping[str, Any], list[str]]:
    """Return the result and the warnings; ``given`` contains all options of the module."""
    wanted, timeout = evaluate_all(lambda: parse_gpus(given["gpus"]), lambda: duration(given["timeout"], "timeout"))
    host = call.open(given["host_root"], timeout)
    options = job.Options(given["on_busy"] == "skip", tuple(given["accept_unseen"]), given["persist"])
    return job.converge(host, wanted, options, call.check_mode), host.warnings
