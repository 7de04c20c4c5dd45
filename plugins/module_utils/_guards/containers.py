# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of containers, of guests without libvirt and of packet switches in their text files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._core.wording import shorten
from .._devices.sriov import is_vfio_driver
from .._host.root import HostRoot
from .._model.uses import Holder, Unseen, Use
from . import (
    container_engines,
    containerd,
    guest_units,
    lxc,
    lxd,
    nspawn,
    podman,
    podman_restart,
    quadlets,
    switch_ports,
    xen,
)
from .base import Scene
from .referenced_devices import FILE, Guest, Reference, subjects

NAME = "containers"

# Directories with the device files of all cards for user-space drivers. Such cards have VFIO or one of these drivers.
ANY_CARD = ("/dev", "/dev/vfio")
UIO_DRIVERS = ("uio_pci_generic", "igb_uio")
SHOWN = 3


def observe(host: HostRoot, scene: Scene) -> Iterator[Use | Unseen]:
    """Yield a use for each device of each container."""
    if not scene.configured:
        return
    engines = (container_engines, containerd, podman, podman_restart, quadlets)
    of_engines = [guest for engine in engines for guest in engine.containers(host)]
    of_others = (
        *lxd.instances(host, scene.processes),
        *switch_ports.ports(host),
        *xen.guests(host),
    )
    guests = (*nspawn.containers(host), *guest_units.guests(host), *lxc.containers(host), *of_engines, *of_others)
    _warn_of_any(host, scene, guests)
    for guest in guests:
        if guest.unknown:
            yield Unseen(NAME, guest.unknown)
        # Early at boot, no guest has started, and its devices must be restored before it does.
        if guest.references and (guest.running or host.may_start_daemons):
            advice = guest.advice or (
                "stop it, and remove the device from its configuration"
                if guest.running
                else f"remove the device from /{guest.path}"
            )
            for subject, effects in subjects(host, scene.functions, guest.references).items():
                yield Use(subject, NAME, effects, advice, Holder(None, None, guest.name, guest.running))


def _warn_of_any(host: HostRoot, scene: Scene, guests: Iterable[Guest]) -> None:
    """Warn of containers that may use any card but name none, if a card to change is available to them.

    Such a container is like a process of root: it uses the cards that it has open, and others only later.
    """
    counting = [guest for guest in guests if guest.running or host.may_start_daemons]
    able = [guest.name for guest in counting if any(map(_is_any, guest.references))]
    functions = (scene.functions.get(address) for address in sorted(scene.asked))
    cards = [one.address for one in functions if one and (is_vfio_driver(one.driver) or one.driver in UIO_DRIVERS)]
    if able and cards:
        host.warn(
            f"any card is available to the containers {shorten(able, SHOWN)}, because they are privileged or have /dev "
            f"or /dev/vfio. Check that they do not use {shorten(cards, SHOWN)}: only devices that they have open are "
            "found"
        )


def _is_any(reference: Reference) -> bool:
    return reference.kind == FILE and reference.name.rstrip("/") in ANY_CARD
