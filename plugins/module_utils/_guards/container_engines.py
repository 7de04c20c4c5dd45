# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of Docker and Podman containers. A container that is idle has no device file open.

Docker has a file of settings for each container. Podman has one for each container that has run, and systemd starts
containers from the files of Quadlet (podman-systemd.unit(5)).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .references import BY_PATH, FILE, GPU, NUMBER, Guest, Reference

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

PODMAN, PODMAN_RUNS = "var/lib/containers/storage", "run/containers/storage/overlay-containers"
PODMAN_SETTINGS = "etc/containers/storage.conf"
GRAPHROOT = lazy_pattern(r'^\s*graphroot\s*=\s*"/([^"]+?)/?"', re.MULTILINE)
# A privileged container lists all device files of the host, and the guard kubernetes finds the devices of pods.
PRIVILEGED = "io.podman.annotations.privileged"
OF_PODS = "io.kubernetes."
QUADLETS = ("etc/containers/systemd", "run/containers/systemd", "usr/share/containers/systemd")
QUADLET = lazy_pattern(r"^\s*(?:AddDevice|Volume|Mount|PodmanArgs)\s*=\s*(.*)$", re.MULTILINE)
# Also between the parts of Mount=type=bind,source=/dev/kfd,..., and before the path of a device that may be missing.
SEPARATOR = lazy_pattern(r"[\s=,]-?")
IN_CDI = lazy_pattern(re.escape(CDI) + r"([\w-]+)")


def containers(host: HostRoot) -> Iterator[Guest]:
    """Yield each container that runs or that its engine will start again."""
    for store in (_store(host, DOCKER_SETTINGS, DATA_ROOT, DOCKER), SNAP):
        for number in host.names(f"{store}/containers"):
            yield from _of_docker(host, f"{store}/containers/{number}", number)
    podman = _store(host, PODMAN_SETTINGS, GRAPHROOT, PODMAN)
    for number in host.names(PODMAN_RUNS):
        yield from _of_podman(host, podman, number)
    for directory in QUADLETS:
        for file in host.names(directory):
            if file.endswith(".container"):
                text = host.read(f"{directory}/{file}", optional=True) or ""
                name = file[: -len(".container")]
                yield Guest(name, f"{directory}/{file}", False, tuple(in_quadlet(text)))


def _store(host: HostRoot, settings: str, setting: re.Pattern[str], usual: str) -> str:
    """Return the directory of an engine; if settings have moved it, the usual one may still have old copies."""
    moved = setting.search(host.read(settings, optional=True) or "")
    return moved[1] if moved else usual


def _of_docker(host: HostRoot, directory: str, number: str) -> Iterator[Guest]:
    path = f"{directory}/hostconfig.json"
    settings = _mapping(host.read(path, optional=True))
    state = _mapping(host.read(f"{directory}/config.v2.json", optional=True)) if settings else {}
    latest = _mapping(state.get("State"))
    running = bool(latest.get("Running")) and _has_process(host, latest.get("Pid"), number)
    policy = _mapping(settings.get("RestartPolicy")).get("Name")
    if running or _is_restarted(policy, state, latest):
        name = str(state.get("Name") or number[:12]).lstrip("/")
        commands = [f"docker update --restart=no {name}"] * (not running or policy in (ON_FAILURE, ALWAYS))
        commands += [f"docker stop {name}"] * running
        advice = f"{'stop it' if running else 'keep Docker from starting it'} with {' && '.join(commands)}"
        variables = _mapping(state.get("Config")).get("Env")
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
    for device in _list(settings.get("Devices")):
        path = _mapping(device).get("PathOnHost")
        if isinstance(path, str):
            yield Reference(FILE, path)
    sources = [str(bound).partition(":")[0] for bound in _list(settings.get("Binds"))]
    sources += [str(_mapping(mount).get("Source")) for mount in _list(settings.get("Mounts"))]
    yield from (Reference(FILE, source) for source in sources if source.startswith("/dev/"))
    for rule in _list(settings.get("DeviceCgroupRules")):
        number = NUMBERED.match(str(rule))
        if number:
            yield Reference(NUMBER, f"{number[1]} {number[2]}")
    for request in map(_mapping, _list(settings.get("DeviceRequests"))):
        if request.get("Driver") in (None, "", NVIDIA_RUNTIME, "cdi"):
            names = [str(name) for name in _list(request.get("DeviceIDs"))]
            count = request.get("Count")
            if not names and isinstance(count, int) and 0 < count <= MOST_GPUS:
                names = [str(one) for one in range(count)]
            ours = [name for name in names or ["all"] if CDI in name or "=" not in name]
            yield from (Reference(GPU, name.removeprefix(CDI)) for name in ours)
    if settings.get("Runtime") == NVIDIA_RUNTIME:
        for variable in map(str, _list(variables)):
            if variable.startswith(VISIBLE):
                names = variable[len(VISIBLE) :].split(",")
                yield from (Reference(GPU, name) for name in names if name not in NO_GPU)


def _of_podman(host: HostRoot, store: str, number: str) -> Iterator[Guest]:
    process = host.read(f"{PODMAN_RUNS}/{number}/userdata/pidfile", optional=True)
    if process and process.isdecimal() and host.exists(f"proc/{process}"):
        path = f"{store}/overlay-containers/{number}/userdata/config.json"
        references = tuple(in_specification(_mapping(host.read(path, optional=True))))
        yield Guest(number[:12], path, True, references, f"stop it with podman stop {number[:12]}")


def in_specification(settings: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the devices of a container in the format of the OCI runtime specification."""
    annotations = _mapping(settings.get("annotations"))
    if annotations.get(PRIVILEGED) == "TRUE" or any(name.startswith(OF_PODS) for name in annotations):
        return
    for device in map(_mapping, _list(_mapping(settings.get("linux")).get("devices"))):
        kind, major, minor = (device.get(key) for key in ("type", "major", "minor"))
        if kind in ("b", "c") and isinstance(major, int) and isinstance(minor, int):
            yield Reference(NUMBER, f"{kind} {major}:{minor}")
    for mount in map(_mapping, _list(settings.get("mounts"))):
        source = str(mount.get("source"))
        if source.startswith("/dev/"):
            yield Reference(FILE, source)


def in_quadlet(text: str) -> Iterator[Reference]:
    """Yield the devices in a .container file."""
    for value in QUADLET.findall(text):
        yield from (Reference(GPU, name) for name in IN_CDI.findall(value))
        for word in SEPARATOR.split(f"={value}"):
            if word.startswith("/dev/"):
                yield Reference(FILE, word if BY_PATH.search(word) else word.partition(":")[0])


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
