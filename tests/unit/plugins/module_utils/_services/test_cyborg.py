# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._services import cyborg

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
    assert cyborg.file_with_gpus(HostRoot(str(tmp_path))) == found
