# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find processes that have a device file of a function open or mapped: CUDA, X servers, RDMA, vDPA and others.

A device file belongs to the function below which sysfs shows its device, whatever its driver and name. The NVIDIA
driver has no such devices in sysfs, but lists the minor number of each GPU in proc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Optional

from .._core.grammar import FUNCTION_IN_PATH
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .._model.uses import EVERY_EFFECT, PORT, Use
from . import stopping
from .base import Scene
from .processes import REMOVED, UDEV, Opened
from .referenced_devices import NVIDIA_FILE, NVIDIA_MAJOR, behind_kfd, nvidia_minors

NAME = "open_devices"
# A new mode of the switch removes RDMA devices (mlx5/core/eswitch_offloads.c, esw_mode_change), and new settings of a
# VF cut its traffic. More VFs do not affect the card.
ENDED_BY = EVERY_EFFECT - {PORT}

NUMBERS = "sys/dev/char"
CLASSES = "sys/class"
# The device file of a drive with several controllers is below its subsystem (drivers/nvme/host/multipath.c).
SUBSYSTEM = lazy_pattern(r"/nvme-subsystem/([^/]+)/")
SUBSYSTEMS = f"{CLASSES}/nvme-subsystem"
# A region of a function (drivers/pci/pci-sysfs.c) that user-space drivers map.
RESOURCE = lazy_pattern(r"/([0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])/resource\d+(?:_wc)?(?: \(deleted\))?\Z")
# The NVSwitch driver, and the prefix of its device files.
SWITCH_DRIVER = "nvidia-nvswitch"
# Classes that the guards vfio and storage check.
ELSEWHERE = ("block", "uio", "vfio", "vfio-dev")


class _Nodes(NamedTuple):
    """Maps device files to functions: by ``major:minor``, and by name below /dev if the number is unknown."""

    by_number: dict[str, set[str]]
    by_name: dict[str, set[str]]
    unnumbered: set[str]  # NVIDIA GPUs whose minor number the driver does not report


def observe(host: HostRoot, scene: Scene) -> Iterator[Use]:
    """Yield a use for each pair of process and function."""
    device_files = scene.processes.device_files
    if not device_files:
        return
    nodes = _nodes(host, scene)
    seen: set[tuple[str, int]] = set()
    for target, having in device_files.items():
        resource = RESOURCE.search(target)
        for opened in having:
            subjects = {resource[1]} if resource else _subjects(host, nodes, target, opened)
            for subject in sorted(subjects & set(scene.functions)):
                if (subject, opened.process) in seen or not scene.processes.is_open(opened):
                    continue
                holder = scene.processes.holder(opened.process, target)
                if holder.command not in UDEV:
                    seen.add((subject, opened.process))
                    yield Use(subject, NAME, ENDED_BY, stopping.advice(host, holder), holder)


def _nodes(host: HostRoot, scene: Scene) -> _Nodes:
    nodes = _Nodes({}, {}, set())
    for number, path in host.links(NUMBERS):
        addresses = FUNCTION_IN_PATH.findall(path)
        if addresses:
            nodes.by_number.setdefault(number, set()).add(addresses[-1])
            nodes.by_name.setdefault(path.rpartition("/")[2].replace("!", "/"), set()).add(addresses[-1])
    for kind in host.names(CLASSES):
        if kind in ELSEWHERE:
            continue
        for name, path in host.links(f"{CLASSES}/{kind}"):
            functions = set(FUNCTION_IN_PATH.findall(path)[-1:]) or _controllers(host, path)
            own = host.read(f"{CLASSES}/{kind}/{name}/dev", optional=True) if functions else None
            if own:
                nodes.by_number.setdefault(own, set()).update(functions)
                nodes.by_name.setdefault(_name(host, f"{CLASSES}/{kind}/{name}", name), set()).update(functions)
    minors = nvidia_minors(host)
    nodes.unnumbered.update(
        one.address for one in scene.functions.values() if one.driver == "nvidia" and not one.is_virtual
    )
    nodes.unnumbered.difference_update(minors)
    for address, minor in minors.items():
        nodes.by_number.setdefault(f"{NVIDIA_MAJOR}:{minor}", set()).add(address)
        nodes.by_name.setdefault(f"nvidia{minor}", set()).add(address)
    nodes.by_name["kfd"] = behind_kfd(scene.functions)
    switches = _behind_switches(scene)
    nodes.by_name.update((f"{SWITCH_DRIVER}{place}", switches) for place in range(len(switches)))
    return nodes


def _controllers(host: HostRoot, path: str) -> set[str]:
    """Return the functions of all controllers of the NVMe subsystem in a path, or none."""
    subsystem = SUBSYSTEM.search(path)
    links = host.links(f"{SUBSYSTEMS}/{subsystem[1]}") if subsystem else []
    found = (FUNCTION_IN_PATH.findall(target) for _own_name, target in links)
    return {addresses[-1] for addresses in found if addresses}


def _name(host: HostRoot, path: str, name: str) -> str:
    """Return the name of a device file below /dev, such as ``infiniband/uverbs0``."""
    for line in (host.read(f"{path}/uevent", optional=True) or "").splitlines():
        if line.startswith("DEVNAME="):
            return line[len("DEVNAME=") :]
    return name.replace("!", "/")


def _behind_switches(scene: Scene) -> set[str]:
    """Return all NVSwitches, because the kernel does not show which device file belongs to which of them."""
    return {one.address for one in scene.functions.values() if one.driver == SWITCH_DRIVER}


def _subjects(host: HostRoot, nodes: _Nodes, target: str, opened: Opened) -> set[str]:
    name = target.rpartition("/dev/")[2].removesuffix(REMOVED)
    number: Optional[str] = host.device_number(opened.process, opened.descriptor, target)
    found = nodes.by_number.get(number) if number else None
    # Use the name if another driver has the number now, or if the tree has no numbers.
    found = found or nodes.by_name.get(name) or nodes.by_name.get(name.rpartition("/")[2])
    return found or (nodes.unnumbered if NVIDIA_FILE.match(name) else set())
