# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import podman

STORE = "var/lib/containers/storage"
NUMBER = "3f" * 32
USERDATA = f"overlay-containers/{NUMBER}/userdata"
OF_BOB = "run/user/1000/containers"
PASSWD = {"etc/passwd": "bob:x:1000:1000::/srv/people/bob:/bin/sh\n"}
RUNS = {"proc/77/comm": "web"}
MOUNTS = """\
2206 2163 0:6 /dri/renderD128 /dev/dri/renderD128 rw,nosuid,noexec,relatime - devtmpfs devtmpfs rw,mode=755
2207 2163 0:6 /null /dev/null rw,nosuid,noexec,relatime - devtmpfs devtmpfs rw,mode=755
2208 2163 0:91 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
2209 2163 253:0 /srv /dev/dri/card1 rw,relatime - ext4 /dev/mapper/vg-root rw
"""


def containers(simulated, files):
    return list(podman.containers(simulated("empty", files=files).root()))


def container(store=STORE, runs="run/containers/storage", **settings):
    device = {"path": "/dev/dri/renderD128", "type": "c", "major": 226, "minor": 128}
    mount = {"source": "/dev/dri/card1", "destination": "/dev/dri/card1"}
    devices = [device, {"type": "p"}, {"type": "c"}, {"type": "b", "major": "x", "minor": 0}]
    specification = {"linux": {"devices": devices}, "mounts": [mount, {"source": "proc"}], **settings}
    return {f"{runs}/{USERDATA}/pidfile": "77", f"{store}/{USERDATA}/config.json": json.dumps(specification)}


@pytest.mark.parametrize(
    "files",
    [
        container(),
        {**container("srv/podman"), "etc/containers/storage.conf": '[storage]\ngraphroot = "/srv/podman"\n'},
    ],
    ids=["usual", "moved"],
)
def test_devices_of_a_container_of_root(simulated, files):
    (found,) = containers(simulated, {**files, **RUNS})
    assert list(found.references) == [("number", "c 226:128"), ("file", "/dev/dri/card1")]
    assert found.advice == f"stop it with podman stop {NUMBER[:12]}"
    assert containers(simulated, container()) == []


@pytest.mark.parametrize(
    ("annotation", "named"),
    [
        ({"io.podman.annotations.privileged": "TRUE"}, [("file", "/dev")]),
        ({"io.kubernetes.pod.name": "x"}, []),
    ],
)
def test_list_of_all_devices(simulated, annotation, named):
    (found,) = containers(simulated, {**container(annotations=annotation), **RUNS})
    assert list(found.references) == named


@pytest.mark.parametrize("places", [{}, {"store": "root/.local/share/containers/storage", "runs": OF_BOB}])
def test_storage_driver(simulated, places):
    files = {path.replace("overlay-", "btrfs-"): text for path, text in container(**places).items()}
    (found,) = containers(simulated, {**files, **RUNS})
    assert ("number", "c 226:128") in found.references


def test_annotations_of_podman_4(simulated):
    annotations = {"io.container.manager": "libpod", "io.kubernetes.cri-o.Created": "2026-01-01T00:00:00Z"}
    (found,) = containers(simulated, {**container(annotations=annotations), **RUNS})
    assert ("number", "c 226:128") in found.references


@pytest.mark.parametrize("store", ["home/eve", "srv/people/bob", "root"])
@pytest.mark.parametrize("runs", [OF_BOB, "tmp/containers-user-1000/containers", "tmp/storage-run-1000/containers"])
def test_devices_of_a_container_of_a_user(simulated, store, runs):
    files = container(f"{store}/.local/share/containers/storage", runs)
    (found,) = containers(simulated, {**files, **RUNS, **PASSWD})
    assert list(found.references) == [("number", "c 226:128"), ("file", "/dev/dri/card1")]
    assert (found.name, found.running, found.unknown) == (NUMBER[:12], True, "")
    assert found.advice == f"stop it with podman stop {NUMBER[:12]} as its user"
    assert containers(simulated, {**files, **PASSWD}) == []


def test_container_of_a_user_whose_store_is_elsewhere(simulated):
    files = {f"{OF_BOB}/{USERDATA}/pidfile": "77", **RUNS}
    (found,) = containers(simulated, {**files, "proc/77/mountinfo": MOUNTS})
    assert (list(found.references), found.unknown) == ([("file", "/dev/dri/renderD128"), ("file", "/dev/null")], "")
    of_root = "2210 2163 0:6 /cpu_dma_latency /dev/cpu_dma_latency rw,nosuid - devtmpfs devtmpfs rw,mode=755\n"
    (privileged,) = containers(simulated, {**files, "proc/77/mountinfo": MOUNTS + of_root})
    assert list(privileged.references) == [("file", "/dev")]
    (found,) = containers(simulated, files)
    assert found.unknown.startswith(
        f"the devices of container {NUMBER[:12]}, process 77, are unknown: /proc/77/mountinfo"
    )


def test_settings_that_are_not_json_hide_devices(simulated):
    files = {path: text[:-1] if path.endswith("config.json") else text for path, text in container().items()}
    (found,) = containers(simulated, {**files, **RUNS})
    assert found.references == ()
    assert f"the devices of the container {NUMBER[:12]} are unknown: /{STORE}/{USERDATA}/config.json is not JSON. " in (
        found.unknown
    )
    assert found.unknown.endswith(f"Stop it with podman stop {NUMBER[:12]}")
