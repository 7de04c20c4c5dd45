# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Apply the steps of one GPU and read each back, because nvidia-smi may report success without effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

from .._devices import mig
from .._devices.mig import Gpu
from .._frameworks.registry import BY_NAME
from .._host.root import HostError, HostRoot
from .plan import (
    MAY_END_USES,
    Make,
    MakeCompute,
    Plan,
    Remove,
    RemoveVgpu,
    SetMode,
    Step,
    describe,
    describe_vgpu,
    pending,
)


class Outcome(NamedTuple):
    """The result of the steps of one GPU. ``after`` is None if it is unreadable."""

    done: tuple[str, ...]
    error: Optional[str]
    after: Optional[Gpu]
    restored: bool = False


def apply(host: HostRoot, one: Plan, uses: Callable[[], list[str]]) -> Outcome:
    """Apply all steps of a GPU in order; ``uses`` returns current uses and is called before each destructive step."""
    done: list[str] = []
    removed: list[Step] = []
    gpu = one.gpu
    try:
        for step in one.steps:
            if isinstance(step, MAY_END_USES):
                users = uses()
                if users:
                    raise HostError(f"{'; '.join(users)}. Completed changes remain", mig.PROGRAM)
            gpu = _do(host, gpu, step)
            done.append(describe(step))
            removed += [step] if isinstance(step, (Remove, RemoveVgpu)) else []
    except HostError as error:
        return _after_failure(host, one, str(error), done, removed)
    return Outcome(tuple(done), None, gpu)


def _do(host: HostRoot, before: Gpu, step: Step) -> Gpu:
    address = before.address
    output = ""
    if isinstance(step, SetMode):
        output = mig.set_mode(host, address, step.enabled)
    elif isinstance(step, Remove):
        mig.destroy(host, address, step.instance)
    elif isinstance(step, RemoveVgpu):
        BY_NAME[step.device.framework].remove(host, step.device.parent, step.device.id)
        return before
    elif isinstance(step, Make):
        mig.create(host, address, step.profile_id, step.start, step.compute)
    else:
        mig.create_compute(host, address, step.instance.id)
    gpu = mig.observe(host, [address]).get(address)
    if gpu is None:
        raise HostError(f"nvidia-smi no longer lists {address}. Read the messages about it in dmesg", mig.PROGRAM)
    if isinstance(step, SetMode) and gpu.pending == step.enabled and gpu.enabled != step.enabled:
        raise HostError(pending(gpu), mig.PROGRAM)
    if not _is_done(gpu, step):
        words = f": {' '.join(output.split())[-200:]}" if output else ""
        raise HostError(f"nvidia-smi reported success for {address}, but has not {describe(step)}{words}", mig.PROGRAM)
    return gpu


def _is_done(gpu: Gpu, step: Step) -> bool:
    if isinstance(step, SetMode):
        return gpu.enabled == step.enabled
    if isinstance(step, Remove):
        return all(instance.id != step.instance.id for instance in gpu.instances)
    if isinstance(step, MakeCompute):
        return any(instance.id == step.instance.id and instance.compute for instance in gpu.instances)
    return isinstance(step, RemoveVgpu) or any(
        (instance.profile_id, instance.start) == (step.profile_id, step.start)
        and (bool(instance.compute) or not step.compute)
        for instance in gpu.instances
    )


def _after_failure(host: HostRoot, one: Plan, error: str, done: list[str], removed: Sequence[Step]) -> Outcome:
    """Create removed instances and vGPUs again if their slices are free, so that a failure has no lasting effect."""
    address = one.gpu.address
    restored = bool(removed)
    instances = [step.instance for step in removed if isinstance(step, Remove)]
    try:
        gpu = mig.observe(host, [address]).get(address)
        for instance in instances if gpu and gpu.enabled else ():
            is_free = gpu is not None and all(
                instance.start >= other.start + other.size or other.start >= instance.start + instance.size
                for other in gpu.instances
            )
            if gpu is not None and is_free:
                profile, start = instance.profile, instance.start
                gpu = _do(host, gpu, Make(profile, instance.profile_id, start, instance.size, bool(instance.compute)))
                done.append(f"created GPU instance {profile} at memory slice {start} again")
            restored = restored and is_free
        restored = restored and gpu is not None and gpu.enabled == one.gpu.enabled
        vgpus = [step.device for step in removed if isinstance(step, RemoveVgpu)]
        for device in vgpus if restored else ():
            BY_NAME[device.framework].make(host, device.parent, device.id, str(device.type_id))
            done.append(f"created vGPU {describe_vgpu(device)} again, without its attributes")
    except HostError as again:
        return Outcome(
            tuple(done), f"{error}. The removed instances and vGPUs could not be created again: {again}", None
        )
    return Outcome(tuple(done), error, gpu, restored and not vgpus)
