# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import stopping
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import Holder
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute

POD = "2f0a4d5e-1111-4222-8333-000000000002"
NAME = POD.replace("-", "_")
STATIC, NUMBER = "a1" * 16, "a1" * 32
KILL = "stop the process, for example with kill 70"
AGAIN = "If a DaemonSet creates the pod again, change the labels of this node so that the DaemonSet does not select it"
OF_POD = f"delete the pod whose UID is {POD}, with the name that {stopping.NAMES_OF_PODS} shows. {AGAIN}"
OF_STATIC_POD = (
    f"move the manifest of the static pod {STATIC} out of the directory of the kubelet, such as "
    "/etc/kubernetes/manifests"
)


@pytest.mark.parametrize(
    ("group", "advice"),
    [
        ("/system.slice/nvidia-persistenced.service", "stop it with systemctl stop nvidia-persistenced.service"),
        (f"/system.slice/docker-{NUMBER}.scope", "stop the container a1a1a1a1a1a1"),
        (f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{NAME}.slice/crio-{NUMBER}.scope", OF_POD),
        (f"/kubepods/besteffort/pod{POD}/{NUMBER}", OF_POD),
        (f"/kubepods/besteffort/pod{STATIC}/{NUMBER}", OF_STATIC_POD),
        (f"/machine.slice/libpod-{NUMBER}.scope/container/system.slice/x.service", "stop the container a1a1a1a1a1a1"),
        # The unit of a container is none of the host.
        ("/lxc.payload.media/system.slice/jellyfin.service", "stop it in the container media, or stop the container"),
        ("/lxc/101/ns/system.slice/jellyfin.service", "stop it in the container 101, or stop the container"),
        (
            "/machine.slice/systemd-nspawn@web1.service/payload/system.slice/jellyfin.service",
            "stop it in the container web1, or stop the container",
        ),
        ("/lxc.monitor.media", KILL),
        ("/user.slice/user-0.slice/user@0.service", KILL),
        (
            "/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service",
            "stop pipewire.service of its user, for example with kill 70",
        ),
        ("/user.slice/user-1000.slice/session-2.scope", KILL),
        (None, "stop it with systemctl stop nvidia-persistenced"),
    ],
)
def test_how_a_process_is_stopped(simulated, group, advice):
    host = simulated("nics")
    if group:
        host.kernel.tree.add("proc/70/cgroup", Attribute(f"0::{group}\n".encode()))
    holder = Holder(70, "nvidia-persiste" if group is None else "x", None, running=True)
    assert stopping.advice(host.root(), holder) == advice


@pytest.mark.parametrize(
    ("uid", "advice"),
    [
        (POD, f"run kubectl delete pod -n video web-1. {AGAIN}"),
        (STATIC, OF_STATIC_POD.replace(STATIC, "video/web-1")),
    ],
)
def test_pod_is_named_like_the_directory_of_its_logs(simulated, uid, advice):
    logs = {f"var/log/pods/{name}/app/0.log": "" for name in (f"video_web-1_{uid}", "video_web-2_another", "broken")}
    host = simulated("nics", files=logs)
    host.kernel.tree.add("proc/70/cgroup", Attribute(f"0::/kubepods/pod{uid}/{NUMBER}\n".encode()))
    assert stopping.advice(host.root(), Holder(70, "x", None, running=True)) == advice


def test_guest_is_shut_down_and_not_killed(simulated):
    host = simulated("nics")
    host.kernel.tree.add("proc/70/cgroup", Attribute(f"0::/system.slice/docker-{NUMBER}.scope\n".encode()))
    holder = Holder(70, "qemu-kvm", "desktop-1", running=True)
    assert stopping.advice(host.root(), holder) == "shut it down, or detach the device"


@pytest.mark.parametrize(
    ("pid", "command", "advice"),
    [
        (70, "nvidia-vgpu-mgr", stopping.INSTEAD["nvidia-vgpu-mgr"]),
        # A guest without a name.
        (70, "qemu-system-x86", stopping.GUEST),
        (70, "cloud-hyperviso", stopping.GUEST),
        (70, "ovs-vswitchd", "remove the port of this card with ovs-vsctl del-port"),
        (70, "systemd-logind", stopping.DISPLAY),
        (70, "gnome-shell", stopping.DISPLAY),
        (1, "systemd", stopping.DISPLAY),
        (1, None, stopping.DISPLAY),
    ],
)
def test_process_that_others_need(simulated, pid, command, advice):
    host = simulated("nics")
    host.kernel.tree.add(f"proc/{pid}/cgroup", Attribute(b"0::/system.slice/x.service\n"))
    assert stopping.advice(host.root(), Holder(pid, command, None, running=True)) == advice
