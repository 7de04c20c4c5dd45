# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host profiles, driver tables and mdev type tables: YAML read into typed, checked plain data."""

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

# type hints are resolved once per class, which takes longer than building a host
_HINTS: dict[type[Any], dict[str, Any]] = {}


class ProfileError(ValueError):
    """A profile that cannot be used; the text says where and why."""


@dataclass
class SriovSpec:
    """The SR-IOV capability of a PF; ``numvfs`` VFs exist at boot, ``offset`` and ``stride`` as in the capability.

    ``subsystem`` is that of the VFs where it is not that of the PF.
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
    """What the vendor's driver offers: types of a table, on the PF itself or on its VFs.

    A GPU with types on its VFs is ``heterogeneous`` if vGPUs of several sizes can be; ``mixed_size`` is at boot.
    """

    types: str
    on: str = "pf"
    framework: str = "mdev"
    mixed_size: bool = False
    heterogeneous: bool = True


@dataclass
class NetdevSpec:
    """A network interface, ``speed`` in Mbit/s; ``{bus}``, ``{slot}`` and ``{function}`` of the name are filled in."""

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
    """One PCI function; ``copies`` repeats it, ``bus_step`` bus numbers further each time; ``mig`` is a table.

    ``vram`` are the MiB that the driver xe shares out to VFs.
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
    """An mdev parent that is not a PCI function, made from a type table; ``capacity`` overrides the table's pool."""

    types: str
    name: str
    path: str
    capacity: Optional[int] = None
    copies: int = 1


@dataclass
class SubchannelSpec:
    """An s390 subchannel; an operational, non-QDIO one can be given to vfio_ccw."""

    address: str
    driver: Optional[str] = "io_subchannel"
    operational: bool = True


@dataclass
class ApSpec:
    """The s390 crypto adapters: highest ids, and what the masks reserve for the host."""

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
    """One IPv4 route of ``proc/net/route``; the default route has destination 0.0.0.0 and mask 0.0.0.0."""

    interface: str
    destination: str = "0.0.0.0"
    mask: str = "0.0.0.0"
    gateway: str = "0.0.0.0"


@dataclass
class MountSpec:
    """One line of ``proc/mounts``."""

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
    """A VF that has a vGPU type at boot, in the vendor-specific framework."""

    function: str
    type: int


@dataclass
class HolderSpec:
    """A process that has a device open from boot on."""

    device: str
    pid: int
    comm: str = "qemu-system-x86"
    cmdline: list[str] = field(default_factory=list)


@dataclass
class Profile:
    """A whole host. ``iommu`` is ``intel``, ``amd``, ``smmu`` or ``none``; ``drivers`` changes driver table fields."""

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
    """A dataclass from plain data, nested ones included.

    Raises ProfileError that names an unknown or missing key, or a value of the wrong shape.
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
    """The content of a YAML file. Raises ProfileError."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as problem:
        raise ProfileError(f"{path} cannot be read: {problem}") from problem


def names() -> list[str]:
    """The profiles that ship with the collection."""
    return sorted(path.stem for path in (HERE / "profiles").glob("*.yml"))


@functools.lru_cache(maxsize=64)
def _file(path: Path) -> Any:
    return read_yaml(path)


def load(source: str | Path | Mapping[str, Any]) -> Profile:
    """A profile by name, from a YAML file, or from plain data. Raises ProfileError; an unknown name lists the known."""
    if isinstance(source, Mapping):
        return typed(Profile, source, "profile")
    if isinstance(source, Path) or "/" in source or source.endswith((".yml", ".yaml")):
        return typed(Profile, read_yaml(Path(source)), str(source))
    if source not in names():
        raise ProfileError(f"unknown profile {source!r}; known are {', '.join(names())}")
    return typed(Profile, _file(HERE / "profiles" / f"{source}.yml"), source)
