# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Bring GPUs to their MIG layouts: observe, plan, apply, observe again."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple, Optional

from .._core.problems import Refused
from .._devices import mig, pci
from .._devices.identity import Identities
from .._frameworks.every import Frameworks
from .._guards.base import Scene
from .._guards.conflicts import blind_spots, conflicts
from .._guards.processes import Processes
from .._host.records import DIRECTORY, read_records, record_path, record_text
from .._host.root import HostRoot
from .._model.uses import DRIVER, Touch
from .._run import room
from . import records
from .actions import Outcome, apply
from .plan import Plan, SetMode, plan
from .result import Result, report
from .wanted import Wanted

# The path of a record and its text, None for one that goes.
File = tuple[str, Optional[str]]


class Options(NamedTuple):
    """The options of mig_layout without its GPUs. ``persist`` None leaves records as they are."""

    skip_busy: bool = False
    accept_unseen: tuple[str, ...] = ()
    persist: Optional[bool] = True


def converge(host: HostRoot, wanted: list[Wanted], options: Options, check_mode: bool) -> Result:
    """Bring the GPUs to what is wanted and return the module's result; Refused before the first change."""
    if not check_mode:
        host.lock()
        host.remove_unfinished(f"{DIRECTORY}/{records.LAYOUT_RECORDS}")
    gpus = mig.observe(host, [one.pf for one in wanted])
    problems: list[str] = []
    plans = [found for one in wanted for found in [plan(one, gpus.get(one.pf), gpus, problems)] if found]
    busy: dict[str, list[str]] = {}
    takes_away = [one for one in plans if one.takes_away]
    if takes_away:
        busy = _uses(host, takes_away, options)
    if not options.skip_busy:
        problems += [f"{one.wanted.label}: {sentence}" for one in plans for sentence in busy.get(one.wanted.pf, ())]
    if problems:
        raise Refused(problems)
    files = _files(host, [one.wanted for one in plans if not busy.get(one.wanted.pf)], options)
    room.check(host, files.values(), write=not check_mode)
    outcomes: dict[str, Outcome] = {}
    for one in plans:
        address = one.wanted.pf
        if check_mode or busy.get(address) or not one.steps:
            continue
        outcomes[address] = apply(host, one, partial(_uses_now, host, one, options))
    # A failed GPU keeps its record, so a boot restores its previous layout.
    files = {pf: file for pf, file in files.items() if pf not in outcomes or not outcomes[pf].error}
    if not check_mode:
        _save(host, files.values())
    return report(plans, busy, outcomes, changed_files=bool(files))


def _uses(host: HostRoot, plans: list[Plan], options: Options, anew: bool = False) -> dict[str, list[str]]:
    """By address a sentence for each use that the steps would end."""
    from .._guards import every

    functions = pci.observe(host)
    addresses = frozenset(one.wanted.pf for one in plans)
    devices = Frameworks(host, functions, pci.NumaNodes(host)).observe(with_parents=False).devices
    # A guest that does not run has nothing of an instance; it may want the whole GPU, which its guard says.
    seen = every.observe(host, Scene(functions, devices, Processes(host), addresses, configured=not anew))
    found = {}
    for one in plans:
        address = one.wanted.pf
        changes_mode = any(isinstance(step, SetMode) for step in one.steps)
        touch = Touch(address, DRIVER, address, "be reset" if changes_mode else "lose GPU instances")
        found[address] = [*conflicts([touch], seen.uses), *blind_spots(seen.unseen, options.accept_unseen)]
    return found


def _uses_now(host: HostRoot, one: Plan, options: Options) -> list[str]:
    return _uses(host, [one], options, anew=True)[one.wanted.pf]


def _files(host: HostRoot, wanted: list[Wanted], options: Options) -> dict[str, File]:
    """By GPU the record that changes."""
    if options.persist is None:
        return {}
    functions = pci.observe(host)
    identities = Identities(host)
    present = read_records(host, records.LAYOUT_RECORDS)
    files: dict[str, File] = {}
    for one in wanted:
        function = functions.get(one.pf)
        new = None
        # A GPU without MIG is what the driver finds at each boot.
        if options.persist and one.enabled and function is not None:
            ids = function.identity
            model = f"{ids.vendor_id}:{ids.product_id}" if ids else "unknown"
            new = records.record(one, model, dict(identities.of(function)))
        if new != present.get(one.pf):
            files[one.pf] = (record_path(records.LAYOUT_RECORDS, one.pf), record_text(new) if new else None)
    return files


def _save(host: HostRoot, files: Iterable[File]) -> None:
    for path, text in files:
        if text is None:
            host.remove_file(path)
        else:
            host.replace_file(path, text)
