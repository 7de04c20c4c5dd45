# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import cyborg
from ansible_collections.vfio.devices.plugins.module_utils._services.observe import observe

FILE = "etc/cyborg/cyborg.conf"
UNIT = {"lib/systemd/system/cyborg-agent.service": "[Service]\nExecStart=/usr/bin/cyborg-agent\n"}
ENABLED = {FILE: "[agent]\nenabled_drivers = intel_qat_driver, nvidia_gpu_driver\n"}
OTHER = {FILE: "[agent]\nenabled_drivers = intel_qat_driver\n"}
LATER = {"etc/cyborg/cyborg.conf.d/a.conf": ENABLED[FILE]}
IN_CONTAINER = {
    **{"etc/kolla/cyborg-agent/config.json": "{}", "proc/7/cmdline": "cyborg-agent\0", "proc/7/cgroup": "0::/docker/1"},
    f"proc/7/root/{FILE}": ENABLED[FILE],
}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, None),
        (ENABLED, None),
        ({**UNIT, **ENABLED}, f"/{FILE}"),
        ({**UNIT, **OTHER}, None),
        ({**UNIT, **OTHER, **LATER}, "/etc/cyborg/cyborg.conf.d/a.conf"),
        (IN_CONTAINER, f"/{FILE}"),
    ],
)
def test_the_driver_for_gpus(tmp_path, files, found):
    (tmp_path / "sys").mkdir()
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert cyborg.agent_of(HostRoot(str(tmp_path)))["cyborg_gpus"] == found


OURS = "/etc/cyborg/cyborg.conf.d/50-vfio-devices.conf"
TEXT = "[agent]\nenabled_drivers = nvidia_gpu_driver\n"
KOLLA = {
    **IN_CONTAINER,
    "etc/kolla/cyborg-agent/config.json": '{"command": "cyborg-agent --config-file /etc/cyborg/cyborg.conf"}',
}


def seen(tmp_path, files):
    (tmp_path / "sys").mkdir()
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return observe(HostRoot(str(tmp_path)), "cyborg", "cyborg-agent", "cyborg-agent", OURS, TEXT)


@pytest.mark.parametrize(
    ("files", "drivers"),
    [
        ({}, []),
        ({**UNIT, FILE: ""}, []),
        ({**UNIT, **OTHER}, [{"file": f"/{FILE}", "driver": "intel_qat_driver"}]),
        # Only the last list before ours is replaced, and a later one is reported as a problem.
        ({**UNIT, **OTHER, "etc/cyborg/cyborg.conf.d/40-a.conf": "[agent]\nenabled_drivers = fake_driver\n"}, None),
        ({**UNIT, **OTHER, OURS[1:]: TEXT}, [{"file": f"/{FILE}", "driver": "intel_qat_driver"}]),
    ],
)
def test_drivers_that_our_file_replaces(tmp_path, files, drivers):
    if drivers is None:
        drivers = [{"file": "/etc/cyborg/cyborg.conf.d/40-a.conf", "driver": "fake_driver"}]
    found = seen(tmp_path, files)
    assert (found["drivers"], found["problems"]) == (drivers, [])


def test_a_file_of_the_command_line_wins(tmp_path):
    unit = {path: text.replace("agent\n", f"agent --config-file /{FILE}\n") for path, text in UNIT.items()}
    found = seen(tmp_path, {**unit, **OTHER})
    (sentence,) = found["problems"]
    assert sentence.startswith(f"/{FILE} sets enabled_drivers of [agent] too, and cyborg-agent reads it later")


def test_the_role_of_cyborg_writes_no_file_on_another_host(tmp_path):
    (sentence,) = seen(tmp_path, KOLLA)["problems"]
    assert "/etc/kolla/config/cyborg/<name of this host>/cyborg.conf" in sentence
    assert "Set cyborg_config_path: ''" in sentence
    assert "cyborg_config_host" not in sentence


def test_options_about_devices(tmp_path):
    (tmp_path / "sys").mkdir()
    text = '[pci]\npassthrough_whitelist = {"address": {"bus": "8.$$"}}\n[DEFAULT]\npassword = p\n'
    for path, content in {**UNIT, **ENABLED, "etc/cyborg/cyborg.conf.d/a.conf": text}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    found = cyborg.agent_of(HostRoot(str(tmp_path)))["cyborg_settings"]
    assert [tuple(one.values()) for one in found] == [
        (f"/{FILE}", "agent", "enabled_drivers", "intel_qat_driver, nvidia_gpu_driver"),
        ("/etc/cyborg/cyborg.conf.d/a.conf", "pci", "passthrough_whitelist", '{"address": {"bus": "8.$"}}'),
    ]
