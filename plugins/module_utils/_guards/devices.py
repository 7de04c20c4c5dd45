# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find mdevs, vGPUs, vDPA devices and subfunctions of a function, and its interfaces in other namespaces."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .._core.grammar import FUNCTION_IN_PATH, UUID
from .._core.patterns import lazy_pattern
from .._core.wording import describe_users, shorten
from .._devices import vdpa
from .._devices.pci import PciFunction
from .._devices.sriov import interface_owners
from .._frameworks.definitions import read_definitions
from .._frameworks.mdev_view import PARENTS
from .._frameworks.registry import FRAMEWORKS
from .._host.root import HostRoot
from .._model.uses import EVERY_EFFECT, LOSES_DRIVER, SWITCH, Unseen, Use
from .base import Scene, user
from .namespaces import on_top, processes_by_function

NAME = "devices"
# Devices of another subsystem that disappear with their function (drivers/base/auxiliary.c).
AUXILIARY = "sys/bus/auxiliary/devices"
# A function with this driver belongs to a guest of Xen, which has no open file of it (drivers/xen/xen-pciback).
XEN_DRIVERS = ("pciback", "xen-pciback")
SHOWN = 3
SUBFUNCTION = lazy_pattern(r"\.sf\.\d+\Z")


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for devices on a function, for the vGPU type of a VF, and for interfaces in other namespaces."""
    above: dict[str, list[str]] | None = None
    moved: list[str] = []
    made: dict[str, list[str]] = {}
    for device in scene.devices:
        if device.uuid and device.state != "defined":
            users = [user(use.holder) for use in scene.found if use.subject == device.uuid and use.holder]
            suffix = f" (in use by {describe_users(users)})" if users else ""
            made.setdefault(device.parent, []).append(f"mdev {device.uuid}{suffix}")
    yield from _defined(host, scene)
    for address, name in _made_by_others(host):
        made.setdefault(address, []).append(name)
    for address in scene.asked or scene.functions:
        function = scene.functions.get(address)
        if function is None:
            continue
        for framework in FRAMEWORKS:
            occupant = framework.occupant(host, function)
            if occupant:
                made.setdefault(address, []).append(occupant)
        if address in made:
            clause = f"carries {' and '.join(made[address])}"
            advice = "stop their users, and remove these devices first"
            yield Use(address, NAME, LOSES_DRIVER | {SWITCH}, advice, clause=clause)
        if function.driver in XEN_DRIVERS:
            clause = f"is assigned to guests of Xen by its driver {function.driver}"
            advice = f"detach it from the guest, and run xl pci-assignable-remove {address}"
            yield Use(address, NAME, EVERY_EFFECT, advice, clause=clause)
        interfaces, elsewhere = _interfaces(host, function)
        if elsewhere:
            moved.append(address)
        if interfaces and above is None:
            unknown: list[str] = []
            above = on_top(host, scene.processes, unknown)
            yield from (Unseen(NAME, sentence) for sentence in unknown)
        for path in interfaces if above else ():
            others = (above or {}).get(host.read(f"{path}/ifindex", optional=True) or "")
            if others:
                clause = f"has the interface {path.rpartition('/')[2]}, which is below {' and '.join(others)}"
                yield Use(address, NAME, EVERY_EFFECT, "stop this use first", clause=clause)
    # Checks during the work do not name the processes.
    there = processes_by_function(host, scene.processes) if moved and scene.configured else {}
    for address in moved:
        process = there.get(address)
        label = f" ({describe_users([user(scene.processes.holder(process))])})" if process else ""
        clause = f"has its network interface in another network namespace{label}, and a container would lose it"
        yield Use(address, NAME, EVERY_EFFECT, "stop this use first", clause=clause)


def _defined(host: HostRoot, scene: Scene) -> Iterator[Use]:
    """Yield a use for each card on which a device of a guest is only defined, as while the guest does not run."""
    existing = {device.uuid for device in scene.devices if device.state != "defined"}
    wanted = {use.subject: use for use in scene.found if use.holder and UUID.match(use.subject)}
    defined = [*read_definitions(host)] if wanted.keys() - existing else []
    _warn_of_lost(host, scene, wanted.keys() - existing - {uuid for _parent, uuid in defined})
    for parent, uuid in defined:
        if uuid in wanted and uuid not in existing:
            users = describe_users([user(use.holder) for use in scene.found if use.subject == uuid and use.holder])
            clause = f"is the parent of mdev {uuid}, which is defined and in use by {users}"
            yield Use(parent, NAME, LOSES_DRIVER, wanted[uuid].advice, clause=clause)


def _warn_of_lost(host: HostRoot, scene: Scene, lost: Collection[str]) -> None:
    """Warn of devices of stopped guests that are neither there nor defined, because their card is unknown.

    Nova and hooks of libvirt create such devices again before the guest starts.
    """
    parents = set(host.names(PARENTS)) if lost else set()
    cards = [one for one in sorted(scene.asked) if one in parents]
    if cards:
        first, *others = sorted(lost)
        users = describe_users([user(use.holder) for use in scene.found if use.subject == first and use.holder])
        more = f" (and {len(others)} more)" if others else ""
        host.warn(
            f"mdev {first}{more} of {users} neither exists nor is defined. Check that it does not belong to "
            f"{shorten(cards, SHOWN)}: this change prevents its creation there"
        )


def _made_by_others(host: HostRoot) -> Iterator[tuple[str, str]]:
    for address, names in vdpa.observe(host).items():
        yield from ((address, f"the vDPA device {name} (vdpa dev del {name} removes it)") for name in names)
    for name, path in host.links(AUXILIARY):
        addresses = FUNCTION_IN_PATH.findall(path)
        if addresses and SUBFUNCTION.search(name):
            yield addresses[-1], f"the subfunction {name} (devlink port del removes it)"


def _interfaces(host: HostRoot, function: PciFunction) -> tuple[list[str], bool]:
    """Return the paths of a function's interfaces, and whether other network namespaces have interfaces of it.

    The directory ``net`` exists while there is any interface, but lists only those of the reader's namespace
    (fs/kernfs/dir.c, kernfs_fop_readdir).
    """
    found: list[str] = []
    elsewhere = False
    for owner in interface_owners(function):
        names = host.names(f"{owner}/net")
        found += [f"{owner}/net/{name}" for name in names]
        elsewhere |= not names and host.exists(f"{owner}/net")
    return found, elsewhere
