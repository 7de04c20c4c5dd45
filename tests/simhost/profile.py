# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host profiles, driver tables and mdev type tables: YAML that is converted to typed and validated data."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, TypeVar, get_args, get_origin, get_type_hints

import yaml

HERE = Path(__file__).parent
T = TypeVar("T")
NONE = type(None)

# Type hints are resolved once per class, because this takes longer than building a host.
_HINTS: dict[type[Any], dict[str, Any]] = {}


class ProfileError(ValueError):
    """An invalid profile; the text says where and why."""


@dataclass
class SriovSpec:
    """The SR-IOV capability of a PF; ``numvfs`` VFs exist at boot, ``offset`` and ``stride`` as in the capability.

    ``subsystem`` is that of the VFs if it differs from that of the PF.
    """

    total: int
    device: str
    driver: Optional[str] = None
    offset: int = 1
    stride: int = 1
    numvfs: int = 0
    autoprobe: bool = True
    netdev: bool = False
    probe_errno: Optional[str] = None
    subsystem: Optional[str] = None


@dataclass
class VgpuSpec:
    """The types of a table that the vendor's driver offers on the PF itself or on its VFs.

    A GPU with types on its VFs is ``heterogeneous`` if it supports vGPUs of several sizes; ``mixed_size`` is its state
    at boot.
    """

    types: str
    on: str = "pf"
    framework: str = "mdev"
    mixed_size: bool = False
    heterogeneous: bool = True


@dataclass
class NetdevSpec:
    """A network interface, ``speed`` in Mbit/s; its name may contain ``{bus}``, ``{slot}`` and ``{function}``."""

    name: str
    up: bool = True
    speed: int = 10000
    phys_port_name: Optional[str] = None
    eswitch: str = "legacy"


@dataclass
class DiskSpec:
    """A block device below a storage controller."""

    name: str
    partitions: list[str] = field(default_factory=list)
    holders: list[str] = field(default_factory=list)


@dataclass
class FunctionSpec:
    """A PCI function; ``copies`` repeats it at a distance of ``bus_step`` bus numbers; ``mig`` is a table.

    ``vram`` is the memory in MiB that the driver xe distributes to VFs.
    """

    address: str
    vendor: str
    device: str
    class_code: str
    subsystem: str = "0000:0000"
    revision: str = "00"
    driver: Optional[str] = None
    drivers: list[str] = field(default_factory=list)
    bound: bool = True
    numa_node: int = -1
    copies: int = 1
    bus_step: int = 4
    group_with: Optional[str] = None
    reset: bool = True
    denylisted: bool = False
    sriov: Optional[SriovSpec] = None
    vgpu: Optional[VgpuSpec] = None
    mig: Optional[str] = None
    vram: Optional[int] = None
    netdev: Optional[NetdevSpec] = None
    controller: Optional[str] = None
    disks: list[DiskSpec] = field(default_factory=list)


@dataclass
class ParentSpec:
    """An mdev parent that is not a PCI function, from a type table; ``capacity`` overrides the pool of the table."""

    types: str
    name: str
    path: str
    capacity: Optional[int] = None
    copies: int = 1


@dataclass
class SubchannelSpec:
    """An s390 subchannel; if it is operational and not QDIO, vfio_ccw can use it."""

    address: str
    driver: Optional[str] = "io_subchannel"
    operational: bool = True


@dataclass
class ApSpec:
    """The s390 crypto adapters: highest ids, and the ids that the masks reserve for the host."""

    adapters: int = 255
    domains: int = 84
    host_adapters: list[int] = field(default_factory=list)
    host_domains: list[int] = field(default_factory=list)


@dataclass
class VirtualNetdevSpec:
    """A bond or bridge and its ports."""

    name: str
    kind: str = "bond"
    ports: list[str] = field(default_factory=list)


@dataclass
class RouteSpec:
    """An IPv4 route of ``proc/net/route``; the default route has destination and mask 0.0.0.0."""

    interface: str
    destination: str = "0.0.0.0"
    mask: str = "0.0.0.0"
    gateway: str = "0.0.0.0"


@dataclass
class MountSpec:
    """A line of ``proc/mounts``."""

    device: str
    path: str
    filesystem: str = "ext4"


@dataclass
class MdevSpec:
    """An mdev that exists at boot; ``type`` is the name of the type's directory."""

    uuid: str
    parent: str
    type: str


@dataclass
class VgpuInstanceSpec:
    """A VF with a vGPU type at boot, in the vendor-specific framework."""

    function: str
    type: int


@dataclass
class HolderSpec:
    """A process that has a device open at boot."""

    device: str
    pid: int
    comm: str = "qemu-system-x86"
    cmdline: list[str] = field(default_factory=list)


@dataclass
class Profile:
    """A host. ``iommu`` is ``intel``, ``amd``, ``smmu`` or ``none``; ``drivers`` changes fields of the driver table."""

    kernel: str = "6.12"
    architecture: str = "x86_64"
    iommu: str = "intel"
    cmdline: str = "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet"
    vfio_mdev_loaded: bool = True
    vfio_cdev: bool = False
    nvml_clients: bool = False
    numa_nodes: int = 1
    functions: list[FunctionSpec] = field(default_factory=list)
    parents: list[ParentSpec] = field(default_factory=list)
    subchannels: list[SubchannelSpec] = field(default_factory=list)
    ap: Optional[ApSpec] = None
    drivers: dict[str, dict[str, Any]] = field(default_factory=dict)
    netdevs: list[VirtualNetdevSpec] = field(default_factory=list)
    routes: list[RouteSpec] = field(default_factory=list)
    mounts: list[MountSpec] = field(default_factory=list)
    mdevs: list[MdevSpec] = field(default_factory=list)
    vgpus: list[VgpuInstanceSpec] = field(default_factory=list)
    holders: list[HolderSpec] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def typed(kind: type[T], data: Any, where: str) -> T:
    """Convert plain data to a dataclass, including nested ones.

    Raises ProfileError with the unknown or missing key, or the value of the wrong type.
    """
    if not isinstance(data, Mapping):
        raise ProfileError(f"{where} must be a mapping, not {data!r}")
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    hints = _HINTS[kind]
    unknown = set(data) - set(hints)
    if unknown:
        raise ProfileError(f"{where} has unknown keys: {', '.join(sorted(map(str, unknown)))}")
    values = {key: _value(hints[key], value, f"{where}.{key}") for key, value in data.items()}
    missing = [
        item.name
        for item in dataclasses.fields(kind)  # type: ignore[arg-type]
        if item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
        and item.name not in values
    ]
    if missing:
        raise ProfileError(f"{where} lacks {', '.join(missing)}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    options = [option for option in get_args(hint) if option is not NONE]
    if get_origin(hint) is list:
        if not isinstance(value, list):
            raise ProfileError(f"{where} must be a list, not {value!r}")
        return [_value(options[0], item, f"{where}[{number}]") for number, item in enumerate(value)]
    if get_origin(hint) is dict or hint is Any:
        return copy.deepcopy(value)
    if NONE in get_args(hint):
        return None if value is None else _value(options[0], value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return typed(hint, value, where)
    kinds = get_args(hint) or (hint,)
    if not isinstance(value, kinds) and not (hint is float and isinstance(value, int)):
        raise ProfileError(f"{where} must be of type {' or '.join(kind.__name__ for kind in kinds)}, not {value!r}")
    return value


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file. Raises ProfileError."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as problem:
        raise ProfileError(f"{path} cannot be read: {problem}") from problem


def names() -> list[str]:
    """Return the names of the included profiles."""
    return sorted(path.stem for path in (HERE / "profiles").glob("*.yml"))


@functools.lru_cache(maxsize=64)
def _file(path: Path) -> Any:
    return read_yaml(path)


def load(source: str | Path | Mapping[str, Any]) -> Profile:
    """Load a profile by name, from a YAML file or from plain data. Raises ProfileError with the known names."""
    if isinstance(source, Mapping):
        return typed(Profile, source, "profile")
    if isinstance(source, Path) or "/" in source or source.endswith((".yml", ".yaml")):
        return typed(Profile, read_yaml(Path(source)), str(source))
    if source not in names():
        raise ProfileError(f"unknown profile {source!r}; known are {', '.join(names())}")
    return typed(Profile, _file(HERE / "profiles" / f"{source}.yml"), source)
