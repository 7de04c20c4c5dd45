# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import containerd

NUMBER = "5e" * 32
DEVICE = {"path": "/dev/dri/renderD128", "type": "c", "major": 226, "minor": 128}
MEMORY = {"path": "/dev/mem", "type": "c", "major": 1, "minor": 1}
PROCESS = {"proc/77/comm": "web"}


def container(space="default", runs=containerd.RUNS[0], devices=(DEVICE,), **settings):
    text = json.dumps({"linux": {"devices": list(devices)}, **settings})
    return {f"{runs}/{space}/{NUMBER}/config.json": text, f"{runs}/{space}/{NUMBER}/init.pid": "77"}


@pytest.mark.parametrize(
    ("files", "name", "named"),
    [
        ({**PROCESS, **container()}, NUMBER[:12], [("number", "c 226:128")]),
        (
            {**PROCESS, **container(runs=containerd.RUNS[1], annotations={"nerdctl/name": "web"})},
            "web",
            [("number", "c 226:128")],
        ),
        ({**PROCESS, **container(devices=[DEVICE, MEMORY])}, NUMBER[:12], [("file", "/dev")]),
        (container(), None, None),
        ({**PROCESS, **container("moby"), **container("k8s.io")}, None, None),
    ],
)
def test_devices_of_a_container(simulated, files, name, named):
    found = list(containerd.containers(simulated("empty", files=files).root()))
    assert [(one.name, list(one.references), one.running) for one in found] == ([(name, named, True)] if name else [])
    assert all(one.advice.endswith(f"stop {name}") for one in found)


def test_settings_that_are_not_json_hide_devices(simulated):
    files = {path: text[:-1] if path.endswith("config.json") else text for path, text in container().items()}
    (found,) = containerd.containers(simulated("empty", files={**PROCESS, **files}).root())
    assert found.references == ()
    assert f"the devices of the container {NUMBER[:12]} are unknown: " in found.unknown
    assert "config.json is not JSON. Stop it with nerdctl --namespace default stop " in found.unknown
