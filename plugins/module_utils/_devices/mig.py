# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and change NVIDIA Multi-Instance GPU (MIG) with ``nvidia-smi``: mode, profiles, GPU and compute instances.

The expected output is that of drivers 450 to 580 (NVIDIA MIG user guide, "Getting started with MIG").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Optional

from .._core.patterns import lazy_pattern
from .._host.root import HostError, HostRoot

PROGRAM = "nvidia-smi"
# In seconds: without nvidia-persistenced, each call initializes all GPUs again.
PATIENCE = 60.0
ENABLED, DISABLED = "Enabled", "Disabled"
# Without MIG support. Other texts, such as [Unknown Error] for a lost GPU, leave the mode unknown.
UNSUPPORTED = ("[N/A]", "N/A", "[Not Supported]", "Not Supported")
# Lines that nvidia-smi adds to its output or prints instead, such as WARNING: infoROM is corrupted at gpu 0000:41:00.0.
REMARKS = ("WARNING:", "No devices were found")
# nvidia-smi prints these instead of a table, with a non-zero status.
NONE_FOUND = ("No GPU instances found", "No compute instances found", "No MIG-enabled devices found")

# `|   0  MIG 1g.18gb+me      20     1/1        16.00      No     16     1     0   |`
PROFILE = lazy_pattern(r"^\|\s+\d+\s+MIG (\S+)\s+(\d{1,9})\s+(\d{1,9})/(\d{1,9})\s+(\d{1,9}\.\d{1,9})\s", re.MULTILINE)
# `GPU 0 Profile ID 9 Placements: {0,4}:4`, or `Placement : {0}:8` for a single one
PLACEMENTS = lazy_pattern(r"^GPU\s+\d+ Profile ID\s+(\d{1,9}) Placements? ?: ?\{([\d,]*)\}:(\d{1,9})\s*$", re.MULTILINE)
# `|   0  MIG 1g.18gb         19        9          2:1     |`
GPU_INSTANCE = lazy_pattern(r"^\|\s+\d+\s+MIG (\S+)\s+(\d{1,9})\s+(\d{1,9})\s+(\d{1,9}):(\d{1,9})\s*\|", re.MULTILINE)
# `|   0      7       MIG 1g.18gb          0         0          0:1     |`
COMPUTE_INSTANCE = lazy_pattern(
    r"^\|\s+\d+\s+(\d{1,9})\s+MIG (\S+)\s+(\d{1,9})\s+(\d{1,9})\s+\d+:\d+\s*\|", re.MULTILINE
)
# A part of each row with an instance.
ROW = " MIG "
ADDRESS = lazy_pattern(r"([0-9A-F]{4,8}):([0-9A-F]{2}:[01][0-9A-F]\.[0-7])\Z")


class Profile(NamedTuple):
    """A profile of GPU instances. ``starts`` and ``size`` count memory slices of the GPU."""

    name: str  # for example 1g.18gb
    id: int
    most: int  # largest number of instances per GPU
    memory_mib: int
    starts: tuple[int, ...]
    size: int


class GpuInstance(NamedTuple):
    """A GPU instance of ``size`` memory slices from ``start``, with the ids of its compute instances."""

    id: int
    profile: str
    profile_id: int
    start: int
    size: int
    compute: tuple[int, ...] = ()


class Gpu(NamedTuple):
    """The MIG state of one GPU. ``enabled`` and ``pending`` are None without MIG support."""

    address: str
    enabled: Optional[bool]
    pending: Optional[bool]
    profiles: tuple[Profile, ...] = ()
    instances: tuple[GpuInstance, ...] = ()


def observe(host: HostRoot, addresses: Sequence[str] = ()) -> dict[str, Gpu]:
    """Return the GPUs that the driver lists by address; read profiles and instances of ``addresses`` only.

    Raises HostError if the program is missing, fails or prints unknown output.
    """
    query = ["--query-gpu=pci.bus_id,mig.mode.current,mig.mode.pending", "--format=csv,noheader"]
    gpus = {}
    lines = [line for line in _run(host, query).splitlines() if line.strip() and not line.startswith(REMARKS)]
    for line in lines:
        fields = [field.strip() for field in line.split(",")]
        match = ADDRESS.match(fields[0])
        if match is None or len(fields) != 3:
            raise HostError(f"{PROGRAM} lists a GPU as {line[:80]!r}, which is not understood", PROGRAM)
        # nvidia-smi prints eight digits of the domain, the kernel at least four.
        address = f"{int(match[1], 16):04x}:{match[2].lower()}"
        enabled, pending = (_mode(text, address, address in addresses) for text in fields[1:])
        gpus[address] = Gpu(address, enabled, pending)
        if address in addresses and enabled is not None:
            gpus[address] = _details(host, gpus[address])
    return gpus


def set_mode(host: HostRoot, address: str, enabled: bool) -> str:
    """Set the MIG mode and return the output. The mode may stay pending until the GPU is reset."""
    return _change(host, ["-i", address, "-mig", "1" if enabled else "0"])


def create(host: HostRoot, address: str, profile_id: int, start: int, compute: bool) -> None:
    """Create a GPU instance at a placement; with ``compute``, also a compute instance of its full size."""
    _change(host, ["mig", "-i", address, "-cgi", f"{profile_id}:{start}", *(["-C"] if compute else [])])


def create_compute(host: HostRoot, address: str, instance: int) -> None:
    _change(host, ["mig", "-i", address, "-gi", str(instance), "-cci"])


def destroy(host: HostRoot, address: str, instance: GpuInstance) -> None:
    """Remove the compute instances of a GPU instance, and then the GPU instance."""
    if instance.compute:
        compute = ",".join(map(str, instance.compute))
        _change(host, ["mig", "-i", address, "-dci", "-gi", str(instance.id), "-ci", compute])
    _change(host, ["mig", "-i", address, "-dgi", "-gi", str(instance.id)])


def _details(host: HostRoot, gpu: Gpu) -> Gpu:
    placements = {
        int(number): (tuple(int(start) for start in starts.split(",") if start), int(size))
        for number, starts, size in PLACEMENTS.findall(_run(host, ["mig", "-i", gpu.address, "-lgipp"]))
    }
    profiles = [
        Profile(name, int(number), int(most), round(float(gib) * 1024), *placements.get(int(number), ((), 0)))
        for name, number, _free, most, gib in PROFILE.findall(_run(host, ["mig", "-i", gpu.address, "-lgip"]))
    ]
    if not profiles:
        raise HostError(f"{PROGRAM} mig -lgip lists no profile of {gpu.address} that is understood", PROGRAM)
    if not gpu.enabled:
        return gpu._replace(profiles=tuple(profiles))
    compute: dict[int, list[int]] = {}
    listed = _list(host, gpu.address, "-lci")
    for instance, _name, _profile, number in _rows(COMPUTE_INSTANCE, listed, "the compute instances"):
        compute.setdefault(int(instance), []).append(int(number))
    listed = _list(host, gpu.address, "-lgi")
    instances = [
        GpuInstance(int(number), name, int(profile), int(start), int(size), tuple(compute.get(int(number), ())))
        for name, profile, number, start, size in _rows(GPU_INSTANCE, listed, "the GPU instances")
    ]
    return gpu._replace(profiles=tuple(profiles), instances=tuple(sorted(instances, key=lambda one: one.start)))


def _mode(text: str, address: str, required: bool) -> bool | None:
    """Return the mode, None without MIG support or, if it is not ``required``, for a lost GPU."""
    if text in UNSUPPORTED:
        return None
    if text not in (ENABLED, DISABLED):
        if not required:
            return None
        raise HostError(f"{PROGRAM} shows {text[:80]!r} as the MIG mode of {address}, which is not understood", PROGRAM)
    return text == ENABLED


def _rows(pattern: re.Pattern[str], text: str, what: str) -> list[tuple[str, ...]]:
    """Return the rows of a table; raise HostError for other output, because instances must not seem to be missing."""
    rows = pattern.findall(text)
    lines = [line for line in text.splitlines() if line.startswith("|") and ROW in line]
    if len(rows) != len(lines) or not rows and text.strip() and not any(words in text for words in NONE_FOUND):
        raise HostError(f"{PROGRAM} prints {what} in a form that is not understood: {text.strip()[-80:]!r}", PROGRAM)
    return rows


def _list(host: HostRoot, address: str, option: str) -> str:
    """Return a table of instances, or an empty text if there are none."""
    try:
        return _run(host, ["mig", "-i", address, option])
    except HostError as error:
        if any(words in str(error) for words in NONE_FOUND):
            return ""
        raise


def _run(host: HostRoot, arguments: Sequence[str]) -> str:
    return host.run(PROGRAM, arguments, timeout=max(PATIENCE, host.timeout))


def _change(host: HostRoot, arguments: Sequence[str]) -> str:
    # Killing the program could leave the GPU in an undefined mode, so it continues after a timeout.
    return host.run(PROGRAM, arguments, keep=True, timeout=max(PATIENCE, host.timeout))
