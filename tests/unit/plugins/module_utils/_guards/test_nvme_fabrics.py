# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import nvme_fabrics, storage
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import LOSES_DRIVER

CARD = "0000:41:00.0"
PORT = "sys/devices/pci0000:40/0000:40:01.0/0000:41:00.0/host7/fc_host/host7"
FC = "traddr=nn-0x200140:pn-0x210140,host_traddr=nn-0x20000090fa000001:pn-0x10000090FA000001"
TCP = "traddr=198.51.100.11,trsvcid=4420"


@pytest.fixture
def root(simulated):
    def make(files):
        host = simulated("empty", files={f"{PORT}/port_name": "0x10000090fa000001\n", **files})
        host.kernel.tree.link("sys/class/fc_host/host7", PORT)
        return host.root()

    return make


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"sys/class/nvme-fabrics/ctl/nvme4/address": FC}, {CARD: ["the NVMe connection nvme4"]}),
        ({"sys/class/nvme/nvme4/address": FC}, {CARD: ["the NVMe connection nvme4"]}),
        (
            {f"{directory}/nvme4/address": FC for directory in nvme_fabrics.CONTROLLERS},
            {CARD: ["the NVMe connection nvme4"]},
        ),
        ({"sys/class/nvme/nvme4/address": FC.replace("FA000001", "FA000002")}, {}),
        ({f"{nvme_fabrics.NVME_PORTS}/1/addr_traddr": FC.partition("host_traddr=")[2]}, {CARD: ["the NVMe export 1"]}),
        ({f"{nvme_fabrics.NVME_PORTS}/1/addr_traddr": "198.51.100.5"}, {}),
        (
            {f"{nvme_fabrics.SCSI_PORTS}/10:00:00:90:fa:00:00:01/fabric_statistics/x": ""},
            {CARD: ["the SCSI export 10:00:00:90:fa:00:00:01"]},
        ),
        ({"sys/class/nvme/nvme4/address": TCP}, {}),
        ({"sys/class/nvme/nvme0/address": "0000:61:00.0"}, {}),
        ({}, {}),
    ],
)
def test_cards_that_carry_connections(root, files, found):
    assert nvme_fabrics.cards(root(files)) == found


def test_card_is_in_use(root):
    host = root({"sys/class/nvme/nvme4/address": FC})
    found = storage.observe(host, Scene({}, [], Processes(host)))
    (use,) = [one for one in found if one.subject == CARD]
    assert (use.subject, use.ended_by, use.clause) == (CARD, LOSES_DRIVER, "carries the NVMe connection nvme4")


@pytest.mark.parametrize(("enable", "count"), [("1", 1), ("0", 0)])
def test_drive_that_is_exported_as_a_whole(simulated, enable, count):
    export = f"{nvme_fabrics.TARGETS}/nqn.spare/passthru"
    drive = "sys/devices/pci0000:60/0000:60:01.0/0000:61:00.0/nvme/nvme0"
    files = {f"{drive}/state": "live\n", f"{export}/enable": enable, f"{export}/device_path": "/dev/nvme0\n"}
    host = simulated("empty", files=files)
    host.kernel.tree.link("sys/class/nvme/nvme0", drive)
    root = host.root()
    uses = [one for one in storage.observe(root, Scene({}, [], Processes(root))) if one.subject == "0000:61:00.0"]
    assert [(one.clause, one.ended_by) for one in uses] == [
        ("is exported over NVMe as nqn.spare", LOSES_DRIVER)
    ] * count
