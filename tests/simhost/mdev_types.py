# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of mdev and vGPU types."""

from __future__ import annotations

import errno
import functools
from dataclasses import dataclass, field
from typing import Optional, Union

from .profile import HERE, ProfileError, read_yaml, typed


@dataclass
class MdevType:
    """A type. ``cost`` maps resources of the parent's pool to the amount that one device takes.

    The vGPU fields (``heads`` to ``maximum``) form NVIDIA's description; ``framebuffer`` is in MiB. ``mig`` is the
    profile of the GPU instance that one vGPU of the type needs.
    """

    id: Union[str, int]
    name: Optional[str] = None
    description: Optional[str] = None
    cost: dict[str, int] = field(default_factory=dict)
    heads: int = 4
    frame_rate: int = 60
    framebuffer: int = 0
    resolution: str = ""
    maximum: int = 0
    mig: Optional[str] = None

    @property
    def text(self) -> str | None:
        """Return the content of ``description`` without its last newline, or None if the driver lacks it."""
        if self.description is not None or not self.maximum:
            return self.description
        return (
            f"num_heads={self.heads}, frl_config={self.frame_rate}, framebuffer={self.framebuffer}M, "
            f"max_resolution={self.resolution}, max_instance={self.maximum}"
        )


@dataclass
class TypeTable:
    """The types of one kind of parent, their pool, and the errno of a create without capacity.

    ``driver`` is the prefix of type directories, ``mdev_driver`` the driver of mdevs. ``pool`` is a kind of pools.py
    with its ``capacity`` by resource. ``full_5_10`` is the errno before kernel 6.1, null if the driver did not check.
    """

    driver: str
    mdev_driver: str
    types: list[MdevType]
    device_api: str = "vfio-pci"
    pool: str = "core"
    capacity: dict[str, int] = field(default_factory=dict)
    full: str = "EUSERS"
    full_5_10: Optional[str] = "EUSERS"

    def full_errno(self, kernel: tuple[int, ...]) -> int | None:
        """Return the errno of a create without capacity; None if the driver does not check."""
        name = self.full if kernel >= (6, 1) else self.full_5_10
        return None if name is None else int(getattr(errno, name))

    def find(self, type_id: int) -> MdevType | None:
        """Return the vGPU type with a number."""
        return next((item for item in self.types if item.id == type_id), None)


@functools.cache
def load_table(name: str) -> TypeTable:
    """Return a table by name; it is shared and must not be changed. Raises ProfileError."""
    path = HERE / "data" / "mdev_types" / f"{name}.yml"
    if not path.exists():
        raise ProfileError(f"unknown type table {name!r}")
    return typed(TypeTable, read_yaml(path), f"type table {name}")
