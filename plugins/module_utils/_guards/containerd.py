# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of the containers of containerd that nerdctl, ctr and others have started.

containerd has a directory for each running container, with a file in the format of the OCI runtime specification.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._host.root import HostRoot
from . import container_engines, podman
from .container_engines import as_list, as_mapping
from .referenced_devices import Guest

RUNS = ("run/containerd/io.containerd.runtime.v2.task", "run/k3s/containerd/io.containerd.runtime.v2.task")
# Docker and the kubelet have files of their own for the containers in these namespaces.
OTHERS = ("moby", "k8s.io")
NAME = "nerdctl/name"


def containers(host: HostRoot) -> Iterator[Guest]:
    """Yield each container that runs."""
    for runs in RUNS:
        for space in host.names(runs):
            for number in host.names(f"{runs}/{space}") if space not in OTHERS else ():
                directory = f"{runs}/{space}/{number}"
                process = host.read(f"{directory}/init.pid", optional=True)
                if process and process.isdecimal() and host.exists(f"proc/{process}"):
                    yield _of_file(host, f"{directory}/config.json", space, number)


def _of_file(host: HostRoot, path: str, space: str, number: str) -> Guest:
    stop = f"stop it with nerdctl --namespace {space} stop"
    settings, unknown = container_engines.read_settings(host, path, number[:12], f"{stop} {number[:12]}")
    name = str(as_mapping(settings.get("annotations")).get(NAME) or number[:12])
    devices = map(as_mapping, as_list(as_mapping(settings.get("linux")).get("devices")))
    references = [*podman.in_specification(settings)]
    if not podman.OF_PRIVILEGED.isdisjoint(str(device.get("path")) for device in devices):
        references = [container_engines.EVERY_DEVICE]
    return Guest(name, path, True, tuple(references), f"{stop} {name}", unknown)
