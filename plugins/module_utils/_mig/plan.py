# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Plan the steps from the current to the desired MIG layout of a GPU; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple, Optional, Union

from .._devices.mig import Gpu, GpuInstance, Profile
from .._frameworks.mig_types import GpuInstances, are_held
from .._model.host import Device
from .arrangement import Placed, arrange, keep_and_place, largest_part, within_limits
from .wanted import Wanted


class SetMode(NamedTuple):
    """Enable or disable MIG. The GPU must not have users."""

    enabled: bool


class Remove(NamedTuple):
    """Remove a GPU instance with its compute instances."""

    instance: GpuInstance


class Make(NamedTuple):
    """Create a GPU instance at a memory slice; with ``compute``, also its compute instance."""

    profile: str
    profile_id: int
    start: int
    size: int
    compute: bool


class MakeCompute(NamedTuple):
    """Create the compute instance of a GPU instance that has none."""

    instance: GpuInstance


class RemoveVgpu(NamedTuple):
    """Remove a vGPU without users that the remaining GPU instances cannot hold."""

    device: Device


Step = Union[SetMode, Remove, Make, MakeCompute, RemoveVgpu]
MAY_END_USES = (SetMode, Remove, RemoveVgpu)


class Plan(NamedTuple):
    wanted: Wanted
    gpu: Gpu
    steps: tuple[Step, ...]

    @property
    def may_end_uses(self) -> bool:
        return any(isinstance(step, MAY_END_USES) for step in self.steps)

    @property
    def changes_mode(self) -> bool:
        return any(isinstance(step, SetMode) for step in self.steps)

    def leaves_room(self, types: Sequence[Optional[str]]) -> bool:
        """Return whether vGPUs of these type names keep their GPU instances at every step."""
        removed = [step.instance for step in self.steps if isinstance(step, Remove)]
        stay = tuple(one.profile for one in self.gpu.instances if one not in removed)
        held = are_held(types, GpuInstances(tuple(one.name for one in self.gpu.profiles), stay))
        return not types or (held and not self.changes_mode)


def plan(wanted: Wanted, gpu: Optional[Gpu], listed: Iterable[str], problems: list[str]) -> Optional[Plan]:
    """Return the plan of one GPU, or None after adding to ``problems``; ``listed`` are the addresses of all GPUs."""
    found: list[str] = []
    steps: list[Step] = []
    if gpu is None or gpu.enabled is None:
        if gpu is not None and not wanted.enabled:
            return Plan(wanted, gpu, ())
        found.append(_no_mig(gpu, listed))
    elif gpu.pending != gpu.enabled:
        found.append(pending(gpu))
    elif not wanted.enabled:
        steps = [*(Remove(instance) for instance in gpu.instances), *([SetMode(False)] if gpu.enabled else [])]
    else:
        steps = _to_layout(wanted, gpu, found)
    if found or gpu is None:
        problems += [f"{wanted.label} ({wanted.pf}): {sentence}" for sentence in found]
        return None
    return Plan(wanted, gpu, tuple(steps))


def without_vgpus(one: Plan, vgpus: Iterable[Device]) -> Plan:
    """Return the plan with steps that first remove the vGPUs for which it leaves no room.

    Without them if a vGPU has an unknown type or a pending removal, because then the room is unknown.
    """
    vgpus = tuple(vgpus)
    if any(device.type_name is None or device.state == "removing" for device in vgpus):
        return one
    staying: list[Optional[str]] = []
    leaving: list[RemoveVgpu] = []
    for device in vgpus:
        if one.leaves_room([*staying, device.type_name]):
            staying.append(device.type_name)
        else:
            leaving.append(RemoveVgpu(device))
    return one._replace(steps=(*leaving, *one.steps))


def pending(gpu: Gpu) -> str:
    """Return the message for a mode that waits for a reset of the GPU."""
    verb = "enabled" if gpu.pending else "disabled"
    return (
        f"MIG is {verb} after a reset of {gpu.address}. Stop the users of the GPU, then run nvidia-smi --gpu-reset -i "
        f"{gpu.address}, or reboot the host, and run the play again"
    )


def describe(step: Step) -> str:
    if isinstance(step, SetMode):
        return "enabled MIG" if step.enabled else "disabled MIG"
    if isinstance(step, Remove):
        return f"removed GPU instance {step.instance.id} ({step.instance.profile})"
    if isinstance(step, RemoveVgpu):
        return f"removed vGPU {describe_vgpu(step.device)}"
    if isinstance(step, MakeCompute):
        return f"created the compute instance of GPU instance {step.instance.id} ({step.instance.profile})"
    return f"created a GPU instance {step.profile} at memory slice {step.start}"


def describe_vgpu(device: Device) -> str:
    return f"{device.id} ({device.type_name or device.type_id})"


def predict(one: Plan) -> Gpu:
    """Return the GPU after the steps; new instances have the id -1."""
    gpu = one.gpu
    for step in one.steps:
        if isinstance(step, SetMode):
            gpu = gpu._replace(enabled=step.enabled, pending=step.enabled)
        elif isinstance(step, Remove):
            gpu = gpu._replace(instances=tuple(other for other in gpu.instances if other != step.instance))
        elif isinstance(step, Make):
            compute = (0,) if step.compute else ()
            new = GpuInstance(-1, step.profile, step.profile_id, step.start, step.size, compute)
            gpu = gpu._replace(instances=tuple(sorted((*gpu.instances, new), key=lambda other: other.start)))
        elif isinstance(step, MakeCompute):
            instances = (other._replace(compute=(0,)) if other == step.instance else other for other in gpu.instances)
            gpu = gpu._replace(instances=tuple(instances))
    return gpu


def expand(layout: Iterable[tuple[str, int]], offered: Sequence[Profile], problems: list[str]) -> list[Profile]:
    """Return the profile of each desired instance; add to ``problems`` if a GPU with ``offered`` cannot have them."""
    by_name = {profile.name: profile for profile in offered}
    pairs = list(layout)
    unknown = [_unknown(name, list(by_name)) for name, _number in pairs if name not in by_name]
    profiles = [by_name[name] for name, number in pairs if name in by_name for _number in range(number)]
    if unknown:
        problems += unknown
    elif not within_limits(profiles) or arrange(profiles) is None:
        problems.append(_too_much(offered, profiles))
    return profiles


def _to_layout(wanted: Wanted, gpu: Gpu, problems: list[str]) -> list[Step]:
    profiles = expand(wanted.layout, gpu.profiles, problems)
    found = None if problems else keep_and_place(gpu.instances, profiles)
    if found is None:
        return []
    stay, placed = found
    return [
        *([] if gpu.enabled else [SetMode(True)]),
        *(Remove(instance) for instance in gpu.instances if instance not in stay),
        *(MakeCompute(instance) for instance in stay if wanted.compute and not instance.compute),
        *(_make(one, wanted.compute) for one in sorted(placed, key=lambda one: one[1])),
    ]


def _make(placed: Placed, compute: bool) -> Make:
    profile, start = placed
    return Make(profile.name, profile.id, start, profile.size, compute)


def _no_mig(gpu: Optional[Gpu], listed: Iterable[str]) -> str:
    """Return why a GPU without MIG cannot have a layout; ``listed`` are the GPUs that nvidia-smi lists."""
    if gpu is not None:
        return "this GPU does not support MIG. Remove mig from the profile"
    names = ", ".join(listed)
    return f"nvidia-smi does not list it. It lists {names or 'no GPU'}. The GPU must be bound to the driver nvidia"


def _unknown(name: str, names: list[str]) -> str:
    closest = get_close_matches(name, names, n=1)
    hint = f" The closest is {closest[0]}." if closest else ""
    return f"the GPU has no MIG profile {name}.{hint} It has {', '.join(names)}"


def _too_much(offered: Sequence[Profile], profiles: list[Profile]) -> str:
    slices = max(start + profile.size for profile in offered for start in profile.starts)
    needed = sum(profile.size for profile in profiles)
    fits = ", ".join(f"{name}: {number}" for name, number in largest_part(profiles).items())
    limits = [
        f"at most {profile.most} of {profile.name}"
        for profile, number in Counter(profiles).items()
        if number > profile.most
    ]
    why = " and ".join(limits) if limits else f"{slices} memory slices, and the layout needs {needed} at certain places"
    return f"the layout does not fit: the GPU has {why}. A possible layout is {{{fits}}}"
