# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run sriov_pf_mode: parse its options, apply them and return its result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._core.numbers import duration
from .._core.problems import evaluate_all
from .._guards import network
from .._run.call import Call
from . import job
from .wanted import parse_functions


def set_modes(options: Mapping[str, Any], call: Call) -> tuple[Mapping[str, Any], list[str]]:
    """Return the result and the warnings; ``options`` contains all options of the module."""
    entries, timeout = evaluate_all(
        lambda: parse_functions(options["functions"]), lambda: duration(options["timeout"], "timeout")
    )
    host = call.open(options["host_root"], timeout)
    connection = network.connection_of(host, os.environ, call.process)
    result = job.converge(host, options, entries, connection, call.check_mode, call.budget)
    return result, result.pop("warnings")
