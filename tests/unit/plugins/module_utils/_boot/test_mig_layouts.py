# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot.restore import restore
from ansible_collections.vfio.devices.plugins.module_utils._devices import mig
from ansible_collections.vfio.devices.plugins.module_utils._mig import job, wanted

H200 = "0000:41:00.0"
RECORD = f"etc/vfio-devices/mig_layout/{H200}.json"


@pytest.fixture
def host(simulated):
    host = simulated("h200")
    entry = {"pf": H200, "enabled": True, "layout": {"1g.18gb": 2}, "compute_instances": True, "label": None}
    job.converge(host.root(), wanted.parse_gpus([entry]), job.Options(), False)
    return host


def instances(host):
    return len(mig.observe(host.root(), [H200])[H200].instances)


def test_layout_is_back_after_a_boot(host):
    host.kernel.reboot()
    assert instances(host) == 0
    (result,) = restore(host.root(), timeout=1, check_mode=True)
    assert (result.kind, result.outcome, instances(host)) == ("mig_layout", "restored", 0)
    (result,) = restore(host.root(), timeout=1)
    assert result.done == [
        "enabled MIG",
        "created a GPU instance 1g.18gb at memory slice 0",
        "created a GPU instance 1g.18gb at memory slice 1",
    ]
    assert instances(host) == 2
    assert restore(host.root(), timeout=1)[0].outcome == "unchanged"


@pytest.mark.parametrize(("at_boot", "outcome"), [(True, "restored"), (False, "failed")])
def test_container_that_starts_later_in_the_boot(host, at_boot, outcome):
    host.files.replace("etc/containers/systemd/web1.container", b"[Container]\nAddDevice=nvidia.com/gpu=all\n")
    host.kernel.reboot()
    root = host.root()
    root.may_start_daemons = not at_boot
    (result,) = restore(root, timeout=1)
    assert result.outcome == outcome
    assert at_boot or "is in use by guest web1 (defined)" in result.problems[0]


def test_driver_that_never_comes(host):
    host.kernel.reboot(late={"nvidia": 100})
    (result,) = restore(host.root(), timeout=1)
    assert result.problems == [f"{H200} is not bound to the driver nvidia"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gpu": None}, f"the record of {H200} is not one of mig_layout"),
        ({"gpu": {"pf": H200, "enabled": 1, "layout": {}, "compute_instances": True}}, "is not one of mig_layout"),
        ({"gpu": {"pf": "x", "enabled": True, "layout": {}, "compute_instances": True}}, "names another GPU, x"),
        (
            {"gpu": {"pf": H200, "enabled": True, "layout": {"../x": 1}, "compute_instances": True}},
            f"{H200}: '../x' is not a MIG profile",
        ),
        ({"identity": {"subsystem": "10de:0000"}}, "another card is at this address:"),
        ({"model": "10de:20b0"}, "another card is at this address: 10de:2335 instead of 10de:20b0"),
    ],
)
def test_record_that_somebody_has_changed(host, change, sentence):
    record = json.loads(host.files.read(RECORD))
    host.kernel.reboot()
    host.kernel.tree.nodes[RECORD].data = json.dumps({**record, **change}).encode()
    (result,) = restore(host.root(), timeout=1)
    assert result.outcome == "failed" and sentence in result.problems[0]
    assert instances(host) == 0
