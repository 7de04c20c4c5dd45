# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Converge the provider trees of a fleet: observe, plan, apply, and compare each write with the response."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._core import progress
from . import observe, result, trees
from .api import Placement
from .apply import apply_plan, predict
from .model import Entry
from .options import plan_options
from .plan import plan_providers


def converge(
    placement: Placement,
    options: Mapping[str, Any],
    wanted: list[Entry],
    check_mode: bool,
    report_progress: progress.Reporter = progress.silent,
) -> tuple[dict[str, Any], list[str]]:
    """Apply the desired state to Placement; return the module's result and its warnings.

    ``options`` are the options of placement_inventory. ``wanted`` is the result of :func:`parse_providers`.
    """
    of_plan = plan_options(options, check_mode)
    with ThreadPoolExecutor(trees.THREADS) as pool:
        state = observe.observe_providers(placement, pool, wanted, of_plan, report_progress)
        planned = plan_providers(state, wanted, of_plan)
        outcome = predict(planned) if check_mode else apply_plan(placement, pool, planned, of_plan, report_progress)
    return result.report(planned, outcome, placement.calls), planned["warnings"]
