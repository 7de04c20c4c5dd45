# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""nvidia-smi as far as MIG and vGPU sizes are concerned, with the output and errors of drivers 470 to 580."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .profile import read_yaml
from .tree import Attribute, File

if TYPE_CHECKING:
    from .host import SimHost
    from .pci import PciFunction

HERE = Path(__file__).parent
PROGRAM = "usr/bin/nvidia-smi"
# The script of a mounted host writes its arguments to this file, and reads status and output from it.
EXCHANGE = "proc/driver/nvidia/.nvidia-smi"
IN_USE, NO_RESOURCES, NOT_FOUND = "In use by another client", "Insufficient Resources", "Not Found"
STATUS = {IN_USE: 19, NO_RESOURCES: 19, NOT_FOUND: 6}
# Maps the number of slices to the first number of GPU instances, and the distance between numbers.
NUMBERS = {8: (0, 8), 4: (1, 4), 2: (3, 2), 1: (7, 1)}


class Profile(NamedTuple):
    """A line of a table in ``data/mig``."""

    id: int
    most: int
    gib: float
    multiprocessors: int
    copy: int
    decoders: int
    encoders: int
    jpeg: int
    optical_flow: int
    starts: list[int]
    slices: int


class Failure(Exception):
    """The output and the non-zero status of the program."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Instance:
    """A GPU instance, and whether it has its compute instance."""

    number: int
    profile: str
    start: int
    compute: bool = False


@dataclass
class Gpu:
    """The MIG state of one GPU."""

    function: PciFunction
    profiles: dict[str, Profile]
    enabled: bool = False
    pending: bool = False
    instances: list[Instance] = field(default_factory=list)

    @property
    def taken(self) -> set[int]:
        """Return the memory slices of its instances."""
        return {slot for one in self.instances for slot in self.slices(one.profile, one.start)}

    def slices(self, profile: str, start: int) -> range:
        """Return the slices that an instance would occupy."""
        return range(start, start + self.profiles[profile].slices)

    def places(self, profile: str) -> list[int]:
        """Return the possible starts of another instance of a profile."""
        kind, taken = self.profiles[profile], self.taken
        left = kind.most - sum(one.profile == profile for one in self.instances)
        return [start for start in kind.starts if left > 0 and not taken.intersection(self.slices(profile, start))]


class NvidiaSmi:
    """The program on one host. ``used`` GPUs have a client; ``deaf`` GPUs report success without effect."""

    def __init__(self, host: SimHost) -> None:
        self.host = host
        self.gpus: dict[str, Gpu] = {}
        self.used: set[str] = set()
        self.deaf: set[str] = set()
        self._answer = "0\n"

    def add(self, function: PciFunction, table: str | None) -> None:
        """Add a GPU; ``table`` is a file of ``data/mig``, None without MIG. The first GPU installs the program."""
        table_file = read_yaml(HERE / "data" / "mig" / f"{table}.yml") if table else {}
        self.gpus[function.name] = Gpu(function, {name: Profile(*values) for name, values in table_file.items()})
        tree = self.host.tree
        if PROGRAM not in tree.nodes:
            tree.add(PROGRAM, File((HERE / "data" / "nvidia-smi.sh").read_bytes(), 0o755, self.host.clock.now()))
        if EXCHANGE not in tree.nodes:
            tree.add(EXCHANGE, Attribute(lambda: self._answer, self._ask))

    def forget(self, function: PciFunction) -> None:
        """Reset a GPU that its driver has left: instances are lost, and since Hopper the mode too."""
        gpu = self.gpus.get(function.name)
        if gpu is not None:
            gpu.instances.clear()
            gpu.enabled = gpu.pending = False
        pool = self.host.gpu_pools.get(function.name)
        if pool is not None:
            # The size mode lasts until the driver is unbound from the GPU, for example by sriov-manage.
            pool.mixed_size = bool(function.spec.vgpu and function.spec.vgpu.mixed_size)

    def run(self, arguments: list[str]) -> tuple[int, str]:
        """Return status and output of one call."""
        try:
            if arguments[0].startswith("--query-gpu="):
                return 0, self._query()
            gpu = self._gpu(arguments)
            if arguments[0] in ("-q", "vgpu"):
                return 0, self._sizes(gpu) if arguments[0] == "-q" else self._set_sizes(gpu, arguments)
            lines = self._mig(gpu, arguments) if arguments[0] == "mig" else self._mode(gpu, arguments)
            return 0, "\n".join(lines) + "\n"
        except Failure as failure:
            return failure.status, f"{failure}\n"
        except (ValueError, IndexError, KeyError, StopIteration):
            return 2, "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n"

    def _ask(self, data: bytes) -> None:
        status, text = self.run(data.decode().split())
        self._answer = f"{status}\n{text}"

    def _listed(self) -> list[Gpu]:
        return [gpu for gpu in self.gpus.values() if gpu.function.driver and gpu.function.driver.name == "nvidia"]

    def _query(self) -> str:
        words = {True: "Enabled", False: "Disabled"}
        lines = [
            f"0000{gpu.function.name.upper()}, {words[gpu.enabled]}, {words[gpu.pending]}"
            if gpu.profiles
            else f"0000{gpu.function.name.upper()}, [N/A], [N/A]"
            for gpu in self._listed()
        ]
        return "\n".join(lines) + "\n" if lines else "No devices were found\n"

    def _gpu(self, arguments: list[str]) -> Gpu:
        address = arguments[arguments.index("-i") + 1]
        for gpu in self._listed():
            if gpu.function.name == address:
                return gpu
        raise Failure(f"No devices were found for {address}", 6)

    def _sizes(self, gpu: Gpu) -> str:
        """Return the part of ``-q`` about vGPU sizes; one of its labels has an unusual spelling."""
        pool, spec = self.host.gpu_pools.get(gpu.function.name), gpu.function.spec.vgpu
        has_mode = pool is not None and spec is not None and spec.heterogeneous and not gpu.enabled
        mode = "N/A" if pool is None or not has_mode else "Enabled" if pool.mixed_size else "Disabled"
        word = "Supported" if spec and spec.heterogeneous else "Not Supported"
        return (
            f"    GPU Virtualization Mode\n        Host VGPU Mode                    : SR-IOV\n"
            f"        vGPU Heterogeneous Mode           : {mode}\n"
            f"    vGPU Driver Capability\n        Heterogenous Multi-vGPU           : {word}\n"
            f"    vGPU Device Capability\n        Heterogeneous Time-Slice Sizes    : {word}\n"
        )

    def _set_sizes(self, gpu: Gpu, arguments: list[str]) -> str:
        pool, spec = self.host.gpu_pools.get(gpu.function.name), gpu.function.spec.vgpu
        if pool is None or spec is None or not spec.heterogeneous:
            raise Failure("Unable to set vGPU heterogeneous mode: Not Supported", 3)
        if pool.sizes:
            raise Failure(f"Unable to set vGPU heterogeneous mode: {IN_USE}", STATUS[IN_USE])
        if gpu.function.name not in self.deaf:
            pool.mixed_size = arguments[arguments.index("-shm") + 1] == "1"
        return "All done.\n"

    def _mode(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        name = f"0000{gpu.function.name.upper()}"
        wanted = arguments[arguments.index("-mig") + 1] == "1"
        verb = "Enabled" if wanted else "Disabled"
        if gpu.function.name not in self.deaf:
            gpu.pending = wanted
        if gpu.function.name in self.used or gpu.instances or self._vgpus(gpu):
            yield f"Warning: MIG mode is in pending {verb.lower()[:-1]} state for GPU {name}:{IN_USE}"
        else:
            gpu.enabled = gpu.pending
            yield f"{verb} MIG Mode for GPU {name}"
        yield "All done."

    def _mig(self, gpu: Gpu, arguments: list[str]) -> list[str]:
        actions = {
            "-lgip": self._list_profiles,
            "-lgipp": self._list_placements,
            "-lgi": self._list_instances,
            "-lci": self._list_compute,
            "-cgi": self._create,
            "-cci": self._create_compute,
            "-dci": self._destroy_compute,
            "-dgi": self._destroy,
        }
        action = next(name for name in actions if name in arguments)
        return list(actions[action](gpu, arguments))

    def _list_profiles(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        border = f"+{'-' * 79}+"
        yield border
        yield f"| {'GPU instance profiles:':78}|"
        yield "| GPU   Name               ID    Instances   Memory     P2P    SM    DEC   ENC  |"
        yield "|                                Free/Total   GiB              CE    JPEG  OFA  |"
        yield f"|{'=' * 79}|"
        for name, kind in gpu.profiles.items():
            free = len(gpu.places(name)) if gpu.instances else kind.most
            amounts = f"{kind.multiprocessors:>7}{kind.decoders:>6}{kind.encoders:>6}"
            more = f"{kind.copy:>64}{kind.jpeg:>6}{kind.optical_flow:>6}"
            numbers = f"{kind.id:>3}{f'{min(free, kind.most)}/{kind.most}':>8}{kind.gib:>13.2f}"
            yield f"|{'0':>4}  {'MIG ' + name:18} {numbers}      No{amounts}   |"
            yield f"|{more}   |"
            yield border

    def _list_placements(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        for kind in gpu.profiles.values():
            word = "Placements:" if len(kind.starts) > 1 else "Placement :"
            yield f"GPU  0 Profile ID {kind.id:>2} {word} {{{','.join(map(str, kind.starts))}}}:{kind.slices}"

    def _list_instances(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        self._check(gpu, bool(gpu.instances), "No GPU instances found")
        border = f"+{'-' * 55}+"
        yield border
        yield f"| {'GPU instances:':54}|"
        yield "| GPU   Name             Profile  Instance   Placement  |"
        yield "|                          ID       ID       Start:Size |"
        yield f"|{'=' * 55}|"
        for one in gpu.instances:
            kind = gpu.profiles[one.profile]
            place = f"{one.start}:{kind.slices}"
            yield f"|{'0':>4}  {'MIG ' + one.profile:18}{kind.id:>4}{one.number:>9}{place:>13}     |"
            yield border

    def _list_compute(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        having = [one for one in gpu.instances if one.compute]
        self._check(gpu, bool(having), "No compute instances found")
        border = f"+{'-' * 68}+"
        yield border
        yield f"| {'Compute instances:':67}|"
        yield "| GPU     GPU       Name             Profile   Instance   Placement  |"
        yield "|       Instance                       ID        ID       Start:Size |"
        yield "|         ID                                                         |"
        yield f"|{'=' * 68}|"
        for one in having:
            slices = one.profile.partition("g")[0]
            yield f"|{'0':>4}{one.number:>7}       {'MIG ' + one.profile:18}{'0':>4}{'0':>10}{f'0:{slices}':>13}     |"
            yield border

    def _check(self, gpu: Gpu, is_there: bool, sentence: str) -> None:
        if not gpu.enabled:
            raise Failure("No MIG-enabled devices found.", STATUS[NOT_FOUND])
        if not is_there:
            raise Failure(f"{sentence}: {NOT_FOUND}", STATUS[NOT_FOUND])

    def _create(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        self._check(gpu, True, "")
        for text in arguments[arguments.index("-cgi") + 1].split(","):
            number, dummy, start = text.partition(":")
            (name,) = [name for name, kind in gpu.profiles.items() if str(kind.id) == number]
            kind, places = gpu.profiles[name], gpu.places(name)
            place = int(start) if start else next(iter(places), -1)
            what = f"GPU instance on GPU  0 using profile MIG {name} (ID {kind.id})"
            if place not in places:
                raise Failure(
                    f"Unable to create a {what}: {NO_RESOURCES}\nFailed to create GPU instances: {NO_RESOURCES}",
                    STATUS[NO_RESOURCES],
                )
            first, step = NUMBERS[kind.slices]
            one = Instance(first + place // step, name, place)
            if gpu.function.name not in self.deaf:
                gpu.instances.append(one)
            profile = f"MIG {name} (ID {kind.id:>2})"
            yield f"Successfully created GPU instance ID {one.number:>2} on GPU  0 using profile {profile}"
            if "-C" in arguments:
                yield self._compute(one)

    def _compute(self, one: Instance) -> str:
        one.compute = True
        return (
            f"Successfully created compute instance ID  0 on GPU  0 GPU instance ID {one.number:>2} "
            f"using profile MIG {one.profile} (ID  0)"
        )

    def _one(self, gpu: Gpu, arguments: list[str]) -> Instance:
        number = int(arguments[arguments.index("-gi") + 1])
        for one in gpu.instances:
            if one.number == number:
                return one
        raise Failure(f"No GPU instances found: {NOT_FOUND}", STATUS[NOT_FOUND])

    def _create_compute(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        yield self._compute(self._one(gpu, arguments))

    def _destroy_compute(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        one = self._one(gpu, arguments)
        what = f"compute instance ID  0 from GPU  0 GPU instance ID {one.number:>2}"
        self._refuse(gpu.function.name in self.used, f"Unable to destroy {what}", "compute")
        one.compute = gpu.function.name in self.deaf
        yield f"Successfully destroyed {what}"

    def _destroy(self, gpu: Gpu, arguments: list[str]) -> Iterator[str]:
        one = self._one(gpu, arguments)
        what = f"GPU instance ID {one.number:>2} from GPU  0"
        left = [other.profile for other in gpu.instances if other is not one].count(one.profile)
        has_vgpu = self._vgpus(gpu).count(one.profile) > left
        self._refuse(one.compute or has_vgpu or gpu.function.name in self.used, f"Unable to destroy {what}", "GPU")
        gpu.instances.remove(one)
        yield f"Successfully destroyed {what}"

    def _vgpus(self, gpu: Gpu) -> list[str]:
        """Return the profiles of GPU instances with vGPUs, and a word for each other vGPU."""
        pool = self.host.gpu_pools.get(gpu.function.name)
        return [*pool.profiles, *["time-sliced"] * (len(pool.sizes) - len(pool.profiles))] if pool else []

    def _refuse(self, is_used: bool, sentence: str, kind: str) -> None:
        if is_used:
            raise Failure(f"{sentence}: {IN_USE}\nFailed to destroy {kind} instances: {IN_USE}", STATUS[IN_USE])
