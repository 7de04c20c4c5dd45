# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Run several modules on a host in one call, each as a stage with its options and its result.

The order is: card modes, MIG layouts, devices, the boot service, and the settings of services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .._boot.entry_point import set_boot
from .._core.problems import Refused
from .._host.root import HostRoot
from .._instances.entry_point import set_devices
from .._mig.entry_point import set_layouts
from .._modes.entry_point import set_modes
from .._run.call import Call
from .._run.facts import observe
from .._run.module import UNCHANGED, result_of
from .managed_files import set_files
from .skipped import has_skipped
from .stage_names import BOOT, DEVICES, LAYOUTS, MODES, SETTINGS, UNWANTED

Options = Mapping[str, Any]
# The result of the module cards_apply.
Result = dict[str, object]
WORK: Mapping[str, Callable[[Options, Call], Any]] = {
    MODES: set_modes,
    LAYOUTS: set_layouts,
    DEVICES: set_devices,
    UNWANTED: set_devices,
    BOOT: set_boot,
    **dict.fromkeys(SETTINGS, set_files),
}


def apply(
    host: HostRoot,
    stages: Mapping[str, Options],
    gather: Sequence[str],
    call: Call,
    has_changed: bool = False,
    is_checked: bool = False,
) -> Result:
    """Apply the ``stages``, then gather the parts ``gather`` of the facts. Return the results of the stages by name.

    A failure or the deadline ends the work. If one of several stages is refused, nothing is changed. If a stage has
    skipped cards or devices, settings are not written. Each stage has the time budget of a whole call. ``has_changed``
    is true if an earlier run has changed the host, ``is_checked`` if an earlier run has checked all stages.
    """
    if not call.check_mode:
        host.lock()
    results: dict[str, Mapping[str, Any]] = {}
    call = call._replace(open=lambda root, timeout: host.again(timeout))
    if len(stages) > 1 and not is_checked:
        refuse(stages, call._replace(check_mode=True, budget=None))
    for name in (one for one in WORK if one in stages):
        if name in SETTINGS and any(map(has_skipped, results.values())):
            break
        results[name] = _stage(name, stages[name], call, has_changed or any(map(_is_changed, results.values())))
        if results[name].get("failed") or results[name].get("progress"):
            break
    return _result(host, results, [] if call.check_mode else gather)


def refuse(stages: Mapping[str, Options], call: Call) -> None:
    """Raise :class:`Refused` with the problems of all stages whose modules would refuse their options."""
    problems: list[str] = []
    for name, options in stages.items():
        try:
            WORK[name](options, call)
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems)


def unchanged(has_changed: bool) -> str:
    """Return the beginning of a refusal, which must not deny earlier changes."""
    return "The changes before this step remain" if has_changed else UNCHANGED


def _stage(name: str, options: Options, call: Call, has_changed: bool) -> Mapping[str, Any]:
    return result_of(lambda: WORK[name](options, call), unchanged(has_changed))


def _is_changed(result: Mapping[str, Any]) -> bool:
    return bool(result.get("changed"))


def _result(host: HostRoot, results: Mapping[str, Mapping[str, Any]], gather: Sequence[str]) -> Result:
    # The tasks of the roles report the failure of a stage that writes settings.
    of_cards = [result for name, result in results.items() if name not in SETTINGS]
    last = of_cards[-1] if of_cards else {}
    found: Result = {"changed": any(map(_is_changed, results.values())), "stages": results}
    if last.get("failed"):
        return {**found, **{name: last[name] for name in ("failed", "msg", "problems") if name in last}}
    if last.get("progress"):
        return {**found, "progress": last["progress"]}
    if gather:
        read = "The changes were applied, but the facts could not be read: "
        found.update(result_of(lambda: ({"facts": observe(host.again(host.timeout), gather)}, []), None, read))
    return found
