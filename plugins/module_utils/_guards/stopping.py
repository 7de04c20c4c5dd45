# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the command that stops a process with an open device: that of its guest, pod, container or systemd unit.

Its control group names them. The process of a pod or unit would be started again, and ``kill`` would cut off a guest.
"""

from __future__ import annotations

from .._core.patterns import lazy_pattern
from .._host.root import HostRoot
from .._model.uses import Holder

GUEST = "shut it down, or detach the device"
# Programs that run guests, whose name is unknown.
GUEST_COMMAND = lazy_pattern(r"qemu-|kvm\Z|cloud-hyperviso|crosvm|firecracker|stratovirt")
# The id of a pod (pkg/kubelet/cm, GetPodCgroupNameSuffix). systemd replaces its hyphens, and static pods have none.
POD = lazy_pattern(r"/(?:\S*-)?pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?=[./])")
# Directories of the kubelet, NAMESPACE_NAME_ID (pkg/kubelet/kuberuntime, BuildPodLogsDirectory).
LOGS_OF_PODS = "var/log/pods"
NAMES_OF_PODS = "kubectl get pods -A -o custom-columns=:metadata.namespace,:metadata.name,:metadata.uid"
CONTAINER = lazy_pattern(r"(?:docker|libpod|crio|cri-containerd)[-/]([0-9a-f]{12})[0-9a-f]*")
# Containers whose own units are below their control group: LXC, LXD, Incus and Proxmox VE, then systemd-nspawn.
SYSTEM_CONTAINER = lazy_pattern(r"/lxc(?:\.payload\.|/)([^/\s]+)|/systemd-nspawn@([^/\s]+)\.service/")
UNIT = lazy_pattern(r"/([^/\s]+\.service)(?=/|\s|\Z)")
OF_USER = "user@"
# Maps process names to units, for processes whose control group is unreadable.
DAEMONS = {
    "nvidia-persiste": "nvidia-persistenced",
    "nv-hostengine": "nvidia-dcgm",
    "nv-fabricmanage": "nvidia-fabricmanager",
}
DISPLAY = "stop the graphical session, for example with systemctl stop display-manager"
# Process 1 keeps the open devices of sessions for logind (systemd, src/login/logind-session-device.c, FDSTORE).
SYSTEMD = 1
# For processes whose end would cut off more than this card, or which would be started again.
INSTEAD = {
    "nvidia-vgpu-mgr": (
        "shut down the guests that have a vGPU of this card. If there are none, run systemctl stop nvidia-vgpu-mgr"
    ),
    "ovs-vswitchd": "remove the port of this card with ovs-vsctl del-port",
    **dict.fromkeys(("systemd-logind", "Xorg", "Xwayland", "gnome-shell", "kwin_wayland", "kwin_x11"), DISPLAY),
}


def advice(host: HostRoot, holder: Holder) -> str:
    """Return how to stop a process, without a full stop."""
    if holder.guest or GUEST_COMMAND.match(holder.command or ""):
        return GUEST
    if holder.pid == SYSTEMD or holder.command in INSTEAD:
        return INSTEAD.get(holder.command or "", DISPLAY)
    groups = host.read(f"proc/{holder.pid}/cgroup", optional=True) or ""
    pod, container, system = POD.search(groups), CONTAINER.search(groups), SYSTEM_CONTAINER.search(groups)
    if pod:
        return _of_pod(host, pod[1].replace("_", "-"))
    if container:
        return f"stop the container {container[1]}"
    if system:
        return f"stop it in the container {system[1] or system[2]}, or stop the container"
    units = UNIT.findall(groups)
    kill = f"for example with kill {holder.pid}"
    if units and units[0].startswith(OF_USER):
        # The manager of a user has its own units.
        return f"stop {units[-1]} of its user, {kill}" if len(units) > 1 else f"stop the process, {kill}"
    unit = units[-1] if units else DAEMONS.get(holder.command or "")
    return f"stop it with systemctl stop {unit}" if unit else f"stop the process, {kill}"


def _of_pod(host: HostRoot, number: str) -> str:
    names = [name.split("_") for name in host.names(LOGS_OF_PODS) if name.endswith(f"_{number}")]
    namespace, pod = names[0][:2] if names else ("", "")
    if "-" not in number:
        # The kubelet starts a static pod from a file, and starts it again if it is deleted.
        return (
            f"move the manifest of the static pod {f'{namespace}/{pod}' if pod else number} out of the directory of "
            "the kubelet, such as /etc/kubernetes/manifests"
        )
    command = f"run kubectl delete pod -n {namespace} {pod}"
    unnamed = f"delete the pod whose UID is {number}, with the name that {NAMES_OF_PODS} shows"
    return (
        f"{command if pod else unnamed}. If a DaemonSet creates the pod again, change the labels of this node so that "
        "the DaemonSet does not select it"
    )
