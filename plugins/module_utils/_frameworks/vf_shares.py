# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write the shares of a GPU for each VF. Each driver has its own files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Union

from .._host.root import HostError, HostRoot
from .._model.host import VfSettings

# The shares in the facts of a VF, by name.
Shown = Mapping[str, Union[int, str, None]]
MIB = 1 << 20
# In MiB; the files of the drivers contain bytes.
SIZES = ("vram_quota", "ggtt_quota")
MOST = (1 << 63) - 1


def read_share(host: HostRoot, path: str, name: str) -> int | None:
    """Return a share in the unit of the declaration; None if the driver does not have it."""
    value = host.read_number(path, optional=True, most=MOST)
    return value if value is None or name not in SIZES else value // MIB


def write_shares(
    host: HostRoot,
    found: Mapping[int, VfSettings],
    wanted: Mapping[int, VfSettings],
    paths: Callable[[int, str], Sequence[str]],
) -> None:
    """Write the shares that differ and read them back. Lower quotas come first to make room for higher ones.

    ``paths`` returns the files of a setting from the index of the VF and the name of the setting.
    """
    changes = []
    for index, settings in wanted.items():
        before = found.get(index, VfSettings())
        for name in settings.names:
            new, old = getattr(settings, name), getattr(before, name)
            if new != old:
                changes.append((name.endswith("_quota") and new > (old or 0), index, name, new))
    for _is_more, index, name, new in sorted(changes):
        for path in paths(index, name):
            host.write(path, str(new * MIB if name in SIZES else new))
            now = read_share(host, path, name)
            if now != new:
                raise HostError(f"/{path} has {now}, although {new} was written", path, str(new))


def shown(settings: VfSettings, names: Iterable[str]) -> dict[str, Union[int, str, None]]:
    """Return the shares ``names`` of one VF for the facts."""
    return {name: getattr(settings, name) for name in names}


def settings_of(host: HostRoot, names: Iterable[str], path: Callable[[str], str]) -> VfSettings:
    """Return the shares of one VF; ``path`` returns the file of a share from its name."""
    values: Mapping[str, Any] = {name: read_share(host, path(name), name) for name in names}
    return VfSettings(**values)
