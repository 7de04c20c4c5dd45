# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read and write the shares that the driver i915 with SR-IOV gives to the VFs of an Intel GPU.

Linux does not include this driver; linux-intel-lts and i915-sriov-dkms do (drivers/gpu/drm/i915/i915_sriov_sysfs.c,
gt/iov/intel_iov_sysfs.c, intel_iov_provisioning.c).

The files are in ``iov`` or ``prelim_iov`` of the card's DRM device. Each possible VF has a directory, from ``vf1`` on.
By default, the driver gives each new VF an equal part (``pf/auto_provisioning``). Setting any share, even a time slice,
disables this default, and the driver would then create VFs without memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

from .._core.patterns import lazy_pattern
from .._devices.pci import DEVICES
from .._host.root import HostError, HostRoot
from .._model.host import VfSettings
from .vf_shares import Shown, settings_of, shown, write_shares

DRIVER = "i915"
TIMES = ("exec_quantum_ms", "preempt_timeout_us")
# A VF needs each of these quotas that its GPU supports (pf_validate_config).
NEEDED = ("ggtt_quota", "contexts_quota", "vram_quota")
QUOTAS = (*NEEDED, "doorbells_quota")
NAMES: tuple[str, ...] = (*TIMES, *QUOTAS)
REQUIREMENT = "the driver i915 with SR-IOV (linux-intel-lts or i915-sriov-dkms)"
# The driver rounds up to multiples of this number (CTXS_GRANULARITY).
CONTEXTS = 128
AUTO = "auto_provisioning"
CARD = lazy_pattern(r"card\d+\Z")
# The driver's name for the memory of the GPU.
FILES = {"vram_quota": "lmem_quota"}
HOMES = ("prelim_iov", "iov")
# One directory per tile, or a single directory.
GT = lazy_pattern(r"gt\d*\Z")


def observe(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, VfSettings]:
    """Return the shares of VFs by index; empty if the driver does not support shares.

    Quotas that the driver has set by default count as 0, because they end with the VFs.
    """
    home = _home(host, address)
    if home is None:
        return {}
    found = {index: _read(host, home, index) for index in sorted(set(indices))}
    if not _is_automatic(host, home):
        return found
    return {index: one._replace(**_none_of(one)) for index, one in found.items()}


def facts(host: HostRoot, address: str, indices: Iterable[int]) -> dict[int, Shown]:
    """Return the current shares of VFs for the facts, including the driver's defaults."""
    home = _home(host, address)
    if home is None:
        return {}
    automatic = _is_automatic(host, home)
    return {index: {**shown(_read(host, home, index), NAMES), AUTO: automatic} for index in sorted(set(indices))}


def check(wanted: Mapping[int, VfSettings], known: Mapping[int, VfSettings], count: int) -> list[str]:
    """Return the errors in the shares of the ``count`` VFs of a card."""
    found = []
    odd = {one.contexts_quota for one in wanted.values() if (one.contexts_quota or 0) % CONTEXTS}
    for contexts in sorted(filter(None, odd)):
        nearest = -(-contexts // CONTEXTS) * CONTEXTS
        found.append(
            f"contexts_quota {contexts} of vfs is not a multiple of {CONTEXTS}, which the driver i915 requires. "
            f"Set contexts_quota: {nearest}"
        )
    supported = next(iter(known.values()), VfSettings()).names
    needed = [name for name in NEEDED if name in supported]
    given = {index for index, one in wanted.items() if any(getattr(one, name) for name in QUOTAS)}
    complete = {index for index, one in wanted.items() if all(getattr(one, name) for name in needed)}
    without = [index for index in range(count) if index not in complete]
    if given and without:
        found.append(
            f"the driver i915 needs {' and '.join(needed)} for all {count} virtual functions if one of them has a "
            f"quota. VF {', '.join(map(str, without[:5]))}{' and others' if without[5:] else ''} has not all of them. "
            "Add the quotas to vfs, or remove all quotas for equal parts"
        )
    return found


def apply(host: HostRoot, address: str, wanted: Mapping[int, VfSettings]) -> None:
    """Write the shares that differ and read them back."""
    home = _home(host, address)
    if home is None:
        raise HostError(f"{address} has no directory iov. Install {REQUIREMENT}", f"{DEVICES}/{address}/drm")
    write_shares(
        host,
        observe(host, address, wanted),
        wanted,
        lambda index, name: [f"{gt}/{FILES.get(name, name)}" for gt in _gts(host, home, index)],
    )


def prepare(host: HostRoot, address: str, count: int) -> None:
    """Enable equal parts for ``count`` new VFs, unless each of them has quotas.

    Raise HostError if only some have quotas, because the others would be created without memory.
    """
    home = _home(host, address)
    if home is None or _is_automatic(host, home):
        return
    total = host.read_number(f"{DEVICES}/{address}/sriov_totalvfs") or count
    has = {index: any(getattr(_read(host, home, index), name) for name in QUOTAS) for index in range(total)}
    if not any(has.values()):
        path = f"{home}/pf/{AUTO}"
        host.write(path, "1")
        if not _is_automatic(host, home):
            raise HostError(f"/{path} reads {host.read(path)}, although 1 was written", path, "1")
        return
    without = [str(index) for index in range(count) if not has[index]]
    if without:
        others = ", ".join(str(index) for index, quota in has.items() if quota)
        raise HostError(
            f"VF {', '.join(without)} has no quotas, but VF {others} has. Set ggtt_quota and contexts_quota in vfs "
            f"for all, or ggtt_quota: 0, contexts_quota: 0 and doorbells_quota: 0 for VF {others}",
            home,
        )


def _none_of(settings: VfSettings) -> Mapping[str, Any]:
    return {name: 0 for name in QUOTAS if name in settings.names}


def _home(host: HostRoot, address: str) -> Optional[str]:
    """Return the directory with the shares of a card, or None with another driver."""
    drm = f"{DEVICES}/{address}/drm"
    candidates = (f"{drm}/{card}/{name}" for card in host.names(drm) if CARD.match(card) for name in HOMES)
    return next((one for one in candidates if host.exists(f"{one}/pf")), None)


def _is_automatic(host: HostRoot, home: str) -> bool:
    return host.read_number(f"{home}/pf/{AUTO}", optional=True, most=1) == 1


def _gts(host: HostRoot, home: str, index: int) -> list[str]:
    directory = f"{home}/vf{index + 1}"
    return [f"{directory}/{name}" for name in host.names(directory) if GT.match(name)]


def _read(host: HostRoot, home: str, index: int) -> VfSettings:
    """Return the shares of one VF. Quotas of GPUs with several tiles are not managed."""
    gts = _gts(host, home, index)
    names = NAMES if len(gts) == 1 else TIMES
    return settings_of(host, names, lambda name: f"{gts[0]}/{FILES.get(name, name)}") if gts else VfSettings()
