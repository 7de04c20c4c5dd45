# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply MIG layouts of GPUs: observe, plan, apply, observe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Optional

from .._core.grouping import labelled
from .._core.problems import Refused
from .._core.wording import shorten
from .._devices import mig, pci
from .._devices.identity import Identities, kept_identity, model_of
from .._devices.mig import Gpu
from .._devices.pci import PciFunction
from .._frameworks.registry import Frameworks
from .._guards.base import Scene
from .._guards.conflicts import blind_spots, conflicts
from .._guards.processes import Processes
from .._host.records import DIRECTORY, LAYOUT_RECORDS, read_records, record_path, record_text, save_record
from .._host.root import HostRoot
from .._model.host import Device
from .._model.uses import DRIVER, Holder, Touch
from .._run import record_space
from . import records
from .actions import Outcome, apply
from .plan import Plan, RemoveVgpu, describe_vgpu, plan, without_vgpus
from .result import Result, report
from .wanted import Wanted

NO_PROGRAM = (
    "nvidia-smi is not installed on this host, so MIG cannot be read. Install the NVIDIA driver with nvidia-smi, or "
    "remove mig from the profile"
)
SHOWN = 3


class Options(NamedTuple):
    """The options of mig_layout without its GPUs. With ``persist`` None, records stay unchanged."""

    skip_busy: bool = False
    accept_unseen: tuple[str, ...] = ()
    persist: Optional[bool] = True


def converge(
    host: HostRoot,
    wanted: list[Wanted],
    options: Options,
    check_mode: bool,
    functions: dict[str, PciFunction] | None = None,
    gpus: dict[str, Gpu] | None = None,
) -> Result:
    """Apply the desired layouts and return the module's result; raise Refused before the first change.

    ``functions`` and ``gpus`` are those of the host if they have just been read.
    """
    if not check_mode:
        host.lock()
        host.remove_unfinished(f"{DIRECTORY}/{LAYOUT_RECORDS}")
    if gpus is None and not host.has_program(mig.PROGRAM):
        raise Refused([f"{one.label} ({one.pf}): {NO_PROGRAM}" for one in wanted])
    functions = pci.observe(host) if functions is None else functions
    gpus = mig.observe(host, [one.pf for one in wanted]) if gpus is None else gpus
    problems: list[str] = []
    plans = [found for one in wanted for found in [plan(one, gpus.get(one.pf), gpus, problems)] if found]
    busy: dict[str, list[str]] = {}
    replacing = {one.wanted.pf for one in plans if one.may_end_uses and one.wanted.replace_vgpus}
    if replacing:
        devices = Frameworks(host, functions, pci.NumaNodes(host)).observe(with_parents=False).devices
        plans = [
            without_vgpus(one, _vgpus_of(one.wanted.pf, functions, devices)) if one.wanted.pf in replacing else one
            for one in plans
        ]
    ending_uses = [one for one in plans if one.may_end_uses]
    if ending_uses:
        busy = _uses(host, functions, ending_uses, options)
    if not options.skip_busy:
        problems += [labelled(one.wanted.label, sentence) for one in plans for sentence in busy.get(one.wanted.pf, ())]
    if problems:
        raise Refused(problems)
    free = [one for one in plans if not busy.get(one.wanted.pf)]
    kept = _records(host, functions, [one.wanted for one in free], options)
    files = [
        (record_path(LAYOUT_RECORDS, pf), record_text(change.new) if change.new else None)
        for pf, change in kept.items()
    ]
    record_space.check(host, files, write=not check_mode)
    outcomes: dict[str, Outcome] = {}
    if not check_mode:
        outcomes, kept = _apply(host, free, kept, options)
    return report(plans, busy, outcomes, kept)


def _apply(
    host: HostRoot, plans: list[Plan], kept: dict[str, records.Change], options: Options
) -> tuple[dict[str, Outcome], dict[str, records.Change]]:
    """Apply the plans GPU by GPU and write the records; return the outcomes and the written records by GPU."""
    outcomes = {one.wanted.pf: apply(host, one, partial(_uses_now, host, one, options)) for one in plans if one.steps}
    # A GPU that failed keeps its old record, so that a boot restores its previous layout.
    kept = {pf: change for pf, change in kept.items() if pf not in outcomes or not outcomes[pf].error}
    for pf, change in kept.items():
        save_record(host, LAYOUT_RECORDS, pf, change.new)
    return outcomes, kept


def _uses(
    host: HostRoot, functions: dict[str, PciFunction], plans: list[Plan], options: Options, during_run: bool = False
) -> dict[str, list[str]]:
    """Return by address a sentence for each use that the steps would end."""
    from .._guards import registry

    gpus = {one.wanted.pf for one in plans}
    virtual = [one.address for one in functions.values() if one.physical_function in gpus]
    frameworks = Frameworks(host, functions, pci.NumaNodes(host))
    devices = frameworks.observe(with_parents=False).devices
    unreadable = frameworks.unreadable()
    # Stopped guests do not use an instance. If they have the whole GPU, their guard reports it.
    scene = Scene(functions, devices, Processes(host), frozenset((*gpus, *virtual)), configured=not during_run)
    seen = registry.observe(host, scene)
    found = {}
    for one in plans:
        address = one.wanted.pf
        what = "be reset" if one.changes_mode else "lose GPU instances"
        vgpus = _vgpus_of(address, functions, devices)
        leaving = {step.device.id for step in one.steps if isinstance(step, RemoveVgpu)}
        touches = {device.id: Touch(device.id, DRIVER, f"vGPU {device.id} of {address}", what) for device in vgpus}
        # Devices without users have a sentence of their own. Which instance a running guest has is unknown.
        staying = [device for device in vgpus if device.id not in leaving]
        has_room = one.leaves_room([device.type_name for device in staying])
        counts = [
            use
            for use in seen.uses
            if use.subject not in touches or _counts(use.holder, has_room and use.subject not in leaving)
        ]
        sentences = conflicts([Touch(address, DRIVER, address, what), *touches.values()], counts)
        if not has_room and not sentences:
            sentences.append(_describe_vgpus(address, what, staying))
        if address in unreadable:
            sentences.append(f"{address} cannot {what}, because its vGPUs are unknown: {unreadable[address]}")
        found[address] = [*sentences, *blind_spots(seen.unseen, options.accept_unseen)]
    return found


def _counts(holder: Optional[Holder], has_room: bool) -> bool:
    return holder is not None and (holder.running or not has_room)


def _vgpus_of(address: str, functions: Mapping[str, PciFunction], devices: Iterable[Device]) -> list[Device]:
    """Return the vGPUs on the virtual functions of a GPU."""
    virtual = {one.address for one in functions.values() if one.physical_function == address}
    return [device for device in devices if device.parent in virtual and device.state != "defined"]


def _describe_vgpus(address: str, what: str, vgpus: Sequence[Device]) -> str:
    names = shorten([describe_vgpu(device) for device in vgpus], SHOWN)
    return (
        f"{address} cannot {what}, because it has the vGPUs {names}. Remove them first with "
        f'vfio.devices.mdev_instance: {{state: absent, instances: [{{parent: "{address}"}}]}}'
    )


def _uses_now(host: HostRoot, one: Plan, options: Options) -> list[str]:
    return _uses(host, pci.observe(host), [one], options, during_run=True)[one.wanted.pf]


def _records(
    host: HostRoot, functions: Mapping[str, PciFunction], wanted: list[Wanted], options: Options
) -> dict[str, records.Change]:
    """Return the changed records by GPU."""
    if options.persist is None:
        return {}
    identities = Identities(host)
    present = read_records(host, LAYOUT_RECORDS)
    changed: dict[str, records.Change] = {}
    for one in wanted:
        function, old = functions.get(one.pf), present.get(one.pf)
        new = None
        # Without a record, the driver starts the GPU without MIG instances at each boot.
        if options.persist and one.enabled and function is not None:
            ids = function.identity
            identity = kept_identity((old or {}).get("identity"), identities.of(function))
            new = records.record(one, model_of(ids and ids.vendor_id, ids and ids.product_id), identity)
        if new != old:
            changed[one.pf] = records.Change(old, new)
    return changed
