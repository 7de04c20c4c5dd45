# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import container_engines
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import GPU

STORE = "var/lib/docker"
# Docker names the directory of a container like this.
NUMBER = "3f" * 32


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
        ({"Binds": ["/dev:/dev"]}, [("file", "/dev")]),
        ({"Privileged": True}, [("file", "/dev")]),
        ({"Binds": ["/dev/vfio/:/dev/vfio", "/devices:/x"]}, [("file", "/dev/vfio")]),
        ({"Devices": None, "Binds": None, "DeviceRequests": {}}, []),
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


def test_docker_of_a_user(simulated):
    store = "srv/people/bob/.local/share/docker"
    files = {
        "etc/passwd": "bob:x:1000:1000::/srv/people/bob:/bin/sh\n",
        **docker({"Binds": ["/dev/kfd:/x"]}, store=store),
    }
    (found,) = containers(simulated, files)
    assert (found.path, list(found.references)) == (
        f"{store}/containers/{NUMBER}/hostconfig.json",
        [("file", "/dev/kfd")],
    )


NONE = {"Binds": []}


def test_home_that_does_not_answer_is_only_a_warning(simulated):
    silent = "home/bob/.local/share/docker"
    host = simulated("empty", files={**docker(NONE), **docker(NONE, store=silent)})
    host.kernel.faults.delay(f"{silent}/containers", 100, ("list",))
    root = host.root()
    assert [one.path for one in container_engines.containers(root)] == [f"{STORE}/containers/{NUMBER}/hostconfig.json"]
    (warning,) = root.warnings
    assert warning.startswith(f"Docker containers of users are unknown: /{silent}/containers did not answer")


@pytest.mark.parametrize("text", ["{", "[]", "5", "\ufeff{}"])
def test_settings_that_are_not_json_hide_devices(simulated, text):
    host = simulated("empty", files={"var/lib/docker/containers/abc/hostconfig.json": text})
    (guest,) = container_engines.containers(host.root())
    assert guest.references == ()
    assert "the devices of the container abc are unknown" in guest.unknown
