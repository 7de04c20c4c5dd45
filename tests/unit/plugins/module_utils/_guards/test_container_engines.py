# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import container_engines
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_references import GPU

STORE = "var/lib/docker"
# Docker names the directory of a container like this, and Podman too.
NUMBER = "3f" * 32
BY_PATH = "/dev/dri/by-path/pci-0000:41:00.1-card"
PODMAN = f"containers/storage/overlay-containers/{NUMBER}/userdata"


def containers(simulated, files):
    return list(container_engines.containers(simulated("empty", files=files).root()))


def docker(settings, state=None, store=STORE):
    return {
        f"{store}/containers/{NUMBER}/hostconfig.json": settings if isinstance(settings, str) else json.dumps(settings),
        f"{store}/containers/{NUMBER}/config.v2.json": json.dumps(
            state or {"Name": "/web1", "State": {"Running": True}}
        ),
    }


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"Devices": [{"PathOnHost": "/dev/dri/renderD128"}, {}]}, [("file", "/dev/dri/renderD128")]),
        ({"Binds": ["/dev/dri:/dev/dri:rw", "/srv:/dev/x"]}, [("file", "/dev/dri")]),
        ({"Mounts": [{"Type": "bind", "Source": "/dev/kfd"}, {"Source": "volume"}]}, [("file", "/dev/kfd")]),
        ({"DeviceCgroupRules": ["c 226:* rwm", "a *:* rwm"]}, [("number", "c 226:*")]),
        ({"DeviceRequests": [{"Driver": "nvidia", "Count": -1, "DeviceIDs": None}]}, [("gpu", "all")]),
        ({"DeviceRequests": [{"Driver": "", "Count": 2}]}, [("gpu", "0"), ("gpu", "1")]),
        ({"DeviceRequests": [{"Driver": "nvidia", "Count": 0, "DeviceIDs": [GPU]}]}, [("gpu", GPU)]),
        ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=0"]}]}, [("gpu", "0")]),
        (
            {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["vendor.example/nic=0", "nvidia.com/gpu=all"]}]},
            [("gpu", "all")],
        ),
        ({"DeviceRequests": [{"Driver": "", "Count": 1 << 40}]}, [("gpu", "all")]),
        ({"DeviceRequests": [{"Driver": "other", "Count": -1}]}, []),
        # Services such as nova_libvirt of kolla have all devices, and use none themselves.
        ({"Binds": ["/dev:/dev"], "Privileged": True}, []),
        ({"Devices": None, "Binds": None, "DeviceRequests": {}}, []),
        ("{", None),
    ],
)
def test_devices_of_docker(simulated, settings, named):
    found = containers(simulated, docker(settings))
    assert [list(one.references) for one in found] == ([] if named is None else [named])


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ("NVIDIA_VISIBLE_DEVICES=all", [("gpu", "all")]),
        ("NVIDIA_VISIBLE_DEVICES=0,1", [("gpu", "0"), ("gpu", "1")]),
        ("NVIDIA_VISIBLE_DEVICES=void", []),
    ],
)
def test_runtime_of_nvidia(simulated, variable, named):
    state = {"State": {"Running": True}, "Config": {"Env": ["PATH=/", variable]}}
    (found,) = containers(simulated, docker({"Runtime": "nvidia"}, state))
    assert (found.name, list(found.references)) == (NUMBER[:12], named)
    (found,) = containers(simulated, docker({"Runtime": "runc"}, state))
    assert list(found.references) == []


UPDATE = "docker update --restart=no web1"


@pytest.mark.parametrize(
    ("running", "policy", "more", "advice"),
    [
        (True, "no", {}, "stop it with docker stop web1"),
        (True, "unless-stopped", {}, "stop it with docker stop web1"),
        # Docker would start these again at its next start.
        (True, "always", {}, f"stop it with {UPDATE} && docker stop web1"),
        (True, "on-failure", {}, f"stop it with {UPDATE} && docker stop web1"),
        (False, "always", {"HasBeenManuallyStopped": True}, f"keep Docker from starting it with {UPDATE}"),
        (False, "unless-stopped", {}, f"keep Docker from starting it with {UPDATE}"),
        (False, "unless-stopped", {"HasBeenManuallyStopped": True}, None),
        (False, "on-failure", {"ExitCode": 1}, f"keep Docker from starting it with {UPDATE}"),
        (False, "on-failure", {"ExitCode": 0}, None),
        (False, "no", {}, None),
    ],
)
def test_container_that_docker_starts_again(simulated, running, policy, more, advice):
    state = {"Name": "/web1", "State": {"Running": running, **more}, **more}
    found = containers(simulated, docker({"RestartPolicy": {"Name": policy}}, state))
    assert [(one.name, one.running, one.advice) for one in found] == ([("web1", running, advice)] if advice else [])


@pytest.mark.parametrize(
    ("files", "policy", "running"),
    [
        ({"proc/77/comm": "web"}, "no", [True]),
        ({"proc/77/cgroup": f"0::/system.slice/docker-{NUMBER}.scope"}, "no", [True]),
        ({"proc/77/cgroup": "0::/system.slice/sshd.service"}, "no", []),
        ({}, "no", []),
        ({}, "always", [False]),
        ({}, "on-failure", [False]),
    ],
)
def test_container_whose_end_docker_has_not_recorded(simulated, files, policy, running):
    state = {"Name": "/web1", "State": {"Running": True, "Pid": 77, "ExitCode": 0}}
    found = containers(simulated, {**docker({"RestartPolicy": {"Name": policy}}, state), **files})
    assert [one.running for one in found] == running


def test_docker_elsewhere(simulated):
    # The containers were copied, and the originals have stayed.
    stores = {**docker({"Binds": []}), **docker({"Binds": []}, store="srv/docker")}
    files = {"etc/docker/daemon.json": '{"data-root": "/srv/docker/"}', **stores}
    assert [one.path for one in containers(simulated, files)] == [
        f"srv/docker/containers/{NUMBER}/hostconfig.json",
    ]


def podman(store="var/lib/containers/storage", **settings):
    device = {"path": "/dev/dri/renderD128", "type": "c", "major": 226, "minor": 128}
    mount = {"source": "/dev/dri/card1", "destination": "/dev/dri/card1"}
    devices = [device, {"type": "p"}, {"type": "c"}, {"type": "b", "major": "x", "minor": 0}]
    specification = {"linux": {"devices": devices}, "mounts": [mount, {"source": "proc"}], **settings}
    path = f"{store}/overlay-containers/{NUMBER}/userdata/config.json"
    return {f"run/{PODMAN}/pidfile": "77", path: json.dumps(specification)}


@pytest.mark.parametrize(
    "files",
    [
        podman(),
        {**podman("srv/podman"), "etc/containers/storage.conf": '[storage]\ngraphroot = "/srv/podman"\n'},
    ],
    ids=["usual", "moved"],
)
def test_devices_of_podman(simulated, files):
    (found,) = containers(simulated, {**files, "proc/77/comm": "web"})
    assert list(found.references) == [("number", "c 226:128"), ("file", "/dev/dri/card1")]
    assert found.advice == f"stop it with podman stop {NUMBER[:12]}"
    assert containers(simulated, podman()) == []


@pytest.mark.parametrize("annotation", [{"io.podman.annotations.privileged": "TRUE"}, {"io.kubernetes.pod.name": "x"}])
def test_list_of_all_devices(simulated, annotation):
    (found,) = containers(simulated, {**podman(annotations=annotation), "proc/77/comm": "web"})
    assert list(found.references) == []


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("AddDevice=/dev/dri/renderD128:/dev/dri/card0:rw", [("file", "/dev/dri/renderD128")]),
        ("AddDevice=-/dev/kfd", [("file", "/dev/kfd")]),
        ("PodmanArgs=--device /dev/kfd --device=/dev/dri", [("file", "/dev/kfd"), ("file", "/dev/dri")]),
        ("Mount=type=bind,source=/dev/kfd,target=/dev/kfd0", [("file", "/dev/kfd"), ("file", "/dev/kfd0")]),
        (f"AddDevice={BY_PATH}:/dev/dri/card0", [("file", f"{BY_PATH}:/dev/dri/card0")]),
        ("AddDevice=nvidia.com/gpu=all", [("gpu", "all")]),
        (f"AddDevice=nvidia.com/gpu={GPU}", [("gpu", GPU)]),
        ("Volume=/srv:/dev/x", []),
        ("#AddDevice=/dev/kfd", []),
        ("Exec=run /dev/kfd", []),
    ],
)
def test_devices_of_quadlet(simulated, line, named):
    path = "etc/containers/systemd/web1.container"
    (found,) = containers(simulated, {path: f"[Container]\n{line}\n"})
    assert (found.name, found.path, found.running, list(found.references)) == ("web1", path, False, named)
