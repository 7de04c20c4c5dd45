# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of Docker containers in the file of settings of each. An idle container has no device file open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._core import json_text
from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from . import home_directories
from .referenced_devices import FILE, GPU, NUMBER, Guest, Reference

DOCKER, SNAP = "var/lib/docker", "var/snap/docker/common/var-lib-docker"
DOCKER_SETTINGS = "etc/docker/daemon.json"
DATA_ROOT = lazy_pattern(r'"data-root"\s*:\s*"/([^"]+?)/?"')
# Restart policies. With the last two, docker stop does not keep Docker from starting a container after a reboot.
UNLESS_STOPPED, ON_FAILURE, ALWAYS = "unless-stopped", "on-failure", "always"
NUMBERED = lazy_pattern(r"([bc]) (\d{1,4}:(?:\d{1,7}|\*)) ")
NVIDIA_RUNTIME = "nvidia"
VISIBLE = "NVIDIA_VISIBLE_DEVICES="
NO_GPU = ("", "void", "none")
# The name of a GPU in a container device interface. Devices of other vendors have an equals sign, too.
CDI = "nvidia.com/gpu="
# No host has more GPUs.
MOST_GPUS = 64

# The file and setting that move the containers of Podman, and their usual directory.
PODMAN_SETTINGS = "etc/containers/storage.conf"
GRAPHROOT = lazy_pattern(r'^[ \t]*graphroot\s*=\s*"/([^"]+?)/?"', re.MULTILINE)
PODMAN_STORE = (PODMAN_SETTINGS, GRAPHROOT, "var/lib/containers/storage")
OF_USER = ".local/share/docker"
# Stands for all device files of the host.
EVERY_DEVICE = Reference(FILE, "/dev")


def containers(host: HostRoot) -> list[Guest]:
    """Return each container that runs or that Docker will start again."""
    stores = (store(host, DOCKER_SETTINGS, DATA_ROOT, DOCKER), SNAP)
    found = [guest for directory in stores for guest in _in_store(host, directory)]
    with home_directories.reading(host, "Docker containers of users"):
        for home in home_directories.homes(host):
            found += _in_store(host, f"{home}/{OF_USER}")
    return found


def store(host: HostRoot, settings: str, setting: re.Pattern[str], usual: str) -> str:
    """Return the directory of an engine; if settings have moved it, the usual one may still have old copies."""
    moved = setting.search(host.read(settings, optional=True) or "")
    return moved[1] if moved else usual


def _in_store(host: HostRoot, directory: str) -> Iterator[Guest]:
    for number in host.names(f"{directory}/containers"):
        yield from _of_docker(host, f"{directory}/containers/{number}", number)


def _of_docker(host: HostRoot, directory: str, number: str) -> Iterator[Guest]:
    path = f"{directory}/hostconfig.json"
    settings, unknown = read_settings(host, path, number[:12], "remove the container, or correct the file")
    if unknown:
        yield Guest(number[:12], path, False, (), unknown=unknown)
    state = as_mapping(host.read(f"{directory}/config.v2.json", optional=True)) if settings else {}
    latest = as_mapping(state.get("State"))
    running = bool(latest.get("Running")) and _has_process(host, latest.get("Pid"), number)
    policy = as_mapping(settings.get("RestartPolicy")).get("Name")
    if running or _is_restarted(policy, state, latest):
        name = str(state.get("Name") or number[:12]).lstrip("/")
        commands = [f"docker update --restart=no {name}"] * (not running or policy in (ON_FAILURE, ALWAYS))
        commands += [f"docker stop {name}"] * running
        advice = f"{'stop it' if running else 'keep Docker from starting it'} with {' && '.join(commands)}"
        variables = as_mapping(state.get("Config")).get("Env")
        yield Guest(name, path, running, tuple(in_settings(settings, variables)), advice)


def _has_process(host: HostRoot, process: Any, number: str) -> bool:
    """Return whether the process of a container exists: at a power failure, Docker does not record that it has ended.

    Another process may have its id after the boot. The control group is named after the container.
    """
    if not process:
        return True
    groups = host.read(f"proc/{process}/cgroup", optional=True)
    return host.exists(f"proc/{process}") and (groups is None or number in groups)


def _is_restarted(policy: Any, state: Mapping[str, Any], latest: Mapping[str, Any]) -> bool:
    """Return whether Docker starts a stopped container at its own start (moby, restartmanager.go)."""
    if policy == ON_FAILURE:
        # A container that a power failure has ended counts as failed.
        return bool(latest.get("Running")) or latest.get("ExitCode") != 0
    return policy == ALWAYS or policy == UNLESS_STOPPED and not state.get("HasBeenManuallyStopped")


def in_settings(settings: Mapping[str, Any], variables: Any = None) -> Iterator[Reference]:
    """Yield the devices in Docker's settings of a container, with its environment ``variables``."""
    for device in as_list(settings.get("Devices")):
        path = as_mapping(device).get("PathOnHost")
        if isinstance(path, str):
            yield Reference(FILE, path)
    sources = [str(bind).partition(":")[0] for bind in as_list(settings.get("Binds"))]
    sources += [str(as_mapping(mount).get("Source")) for mount in as_list(settings.get("Mounts"))]
    yield from bound(sources)
    if settings.get("Privileged") is True:
        yield EVERY_DEVICE
    for rule in as_list(settings.get("DeviceCgroupRules")):
        number = NUMBERED.match(str(rule))
        if number:
            yield Reference(NUMBER, f"{number[1]} {number[2]}")
    for request in map(as_mapping, as_list(settings.get("DeviceRequests"))):
        if request.get("Driver") in (None, "", NVIDIA_RUNTIME, "cdi"):
            names = [str(name) for name in as_list(request.get("DeviceIDs"))]
            count = request.get("Count")
            if not names and isinstance(count, int) and 0 < count <= MOST_GPUS:
                names = [str(one) for one in range(count)]
            ours = [name for name in names or ["all"] if CDI in name or "=" not in name]
            yield from (Reference(GPU, name.removeprefix(CDI)) for name in ours)
    if settings.get("Runtime") == NVIDIA_RUNTIME:
        for variable in map(str, as_list(variables)):
            if variable.startswith(VISIBLE):
                names = variable[len(VISIBLE) :].split(",")
                yield from (Reference(GPU, name) for name in names if name not in NO_GPU)


def bound(sources: Iterable[str]) -> Iterator[Reference]:
    """Yield the device files among the sources of mounts."""
    for source in sources:
        if f"{source}/".startswith(f"{EVERY_DEVICE.name}/"):
            yield Reference(FILE, source.rstrip("/"))


def read_settings(host: HostRoot, path: str, container: str, advice: str) -> tuple[Mapping[str, Any], str]:
    """Return the settings of a container from a JSON file, and why they are unknown, or an empty text."""
    text = host.read(path, optional=True)
    settings = as_mapping(text)
    if settings or text is None and not host.exists(path):
        return settings, ""
    problem = "is unreadable" if text is None else "is not JSON"
    sentence = f"{advice[0].upper()}{advice[1:]}"
    return {}, f"the devices of the container {container} are unknown: /{path} {problem}. {sentence}"


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return a value, or the JSON text of one, if it is a mapping; otherwise an empty mapping."""
    if isinstance(value, str):
        try:
            value = json_text.load(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a value if it is a list; otherwise an empty list."""
    return value if isinstance(value, list) else []
