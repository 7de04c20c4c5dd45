# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import quadlets
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import GPU

BY_PATH = "/dev/dri/by-path/pci-0000:41:00.1-card"
SYSTEM, USERS = "etc/containers/systemd", "etc/containers/systemd/users"
PASSWD = {"etc/passwd": "bob:x:1000:1000::/srv/people/bob:/bin/sh\n"}
DEVICE = "[Container]\nAddDevice=/dev/kfd\n"
NAMED = [("file", "/dev/kfd")]


def containers(simulated, files):
    return quadlets.containers(simulated("empty", files=files).root())


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
        ("Volume=/dev/vfio:/dev/vfio", [("file", "/dev/vfio")]),
        ("Volume=/dev:/dev:rw", [("file", "/dev")]),
        ("PodmanArgs=--privileged", [("file", "/dev")]),
        ("PodmanArgs=--device \\\n  /dev/kfd", [("file", "/dev/kfd")]),
        ("#AddDevice=/dev/kfd", []),
        ("Exec=run /dev/kfd", []),
    ],
)
def test_devices_of_quadlet(simulated, line, named):
    path = f"{SYSTEM}/web1.container"
    (found,) = containers(simulated, {path: f"[Container]\n{line}\n"})
    assert (found.name, found.path, found.running, list(found.references)) == ("web1", path, False, named)


@pytest.mark.parametrize(
    "path",
    [
        "run/containers/systemd/web1.container",
        "usr/share/containers/systemd/web1.container",
        f"{SYSTEM}/shop/web1.container",
        f"{USERS}/web1.container",
        f"{USERS}/1000/web1.container",
        "/".join(["home", "eve", ".config/containers/systemd/web1.container"]),
        "srv/people/bob/.config/containers/systemd/web1.container",
        "root/.config/containers/systemd/web1.container",
        "run/user/1000/containers/systemd/web1.container",
    ],
)
def test_where_containers_are_defined(simulated, path):
    (found,) = containers(simulated, {path: DEVICE, **PASSWD})
    assert (found.name, found.path, list(found.references)) == ("web1", path, NAMED)


@pytest.mark.parametrize(
    ("unit", "drop_in"),
    [
        (f"{SYSTEM}/web1.container", f"{SYSTEM}/web1.container.d/gpu.conf"),
        ("usr/share/containers/systemd/web1.container", f"{SYSTEM}/web1.container.d/gpu.conf"),
        (f"{SYSTEM}/web-one.container", f"{SYSTEM}/web-.container.d/gpu.conf"),
        (f"{SYSTEM}/web@one.container", f"{SYSTEM}/web@.container.d/gpu.conf"),
        (f"{SYSTEM}/web1.container", f"{SYSTEM}/container.d/gpu.conf"),
        (f"{USERS}/web1.container", f"{USERS}/web1.container.d/gpu.conf"),
        ("root/.config/containers/systemd/web1.container", f"{USERS}/web1.container.d/gpu.conf"),
        (f"{USERS}/web1.container", "root/.config/containers/systemd/web1.container.d/gpu.conf"),
    ],
)
def test_drop_ins(simulated, unit, drop_in):
    found = containers(simulated, {unit: "[Container]\n", drop_in: DEVICE})
    assert [one.path for one in found if one.references] == [drop_in]
    assert containers(simulated, {drop_in: DEVICE}) == []


def test_file_that_another_one_replaces_is_not_read(simulated):
    files = {f"{SYSTEM}/web1.container": "[Container]\n", "usr/share/containers/systemd/web1.container": DEVICE}
    assert [list(one.references) for one in containers(simulated, files)] == [[]]


def test_manifest(simulated):
    manifest = "hostPath: {path: /dev/kfd, type: CharDevice}\nlimits: {nvidia.com/gpu=0: 1}\n"
    files = {f"{SYSTEM}/web1.kube": "[Kube]\nYaml=pods/web1.yaml\n", f"{SYSTEM}/pods/web1.yaml": manifest}
    (found,) = containers(simulated, files)
    assert list(found.references) == [*NAMED, ("gpu", "0")]
    (found,) = containers(simulated, {f"{SYSTEM}/web1.kube": "Yaml=/srv/web1.yaml\n", "srv/web1.yaml": manifest})
    assert list(found.references) == [*NAMED, ("gpu", "0")]


def test_disk_of_a_volume(simulated):
    (found,) = containers(simulated, {f"{SYSTEM}/db.volume": "[Volume]\nDevice=/dev/nvme1n1\nType=xfs\n"})
    assert list(found.references) == [("file", "/dev/nvme1n1")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("run --rm --gpus all web", [("gpu", "all")]),
        ("run --gpus=2 web", [("gpu", "0"), ("gpu", "1")]),
        ("""run --gpus '"device=1,3"' web""", [("gpu", "1"), ("gpu", "3")]),
        (f"run --gpus device={GPU} web", [("gpu", GPU)]),
        ("run -v /dev/dri:/dev/dri:ro --device=/dev/kfd:/dev/kfd web", [("file", "/dev/dri"), ("file", "/dev/kfd")]),
        ("run web", []),
    ],
)
def test_arguments(text, named):
    assert list(quadlets.in_arguments(text)) == named
