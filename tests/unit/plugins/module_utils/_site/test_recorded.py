# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.records import record_path
from ansible_collections.vfio.devices.plugins.module_utils._modes.records import MODE_RECORDS, rule_path
from ansible_collections.vfio.devices.plugins.module_utils._site.recorded import observe_layouts, observe_modes

ICE, BNXT = "0000:31:00.0", "0000:c1:00.0"
ENTRY = {"pf": ICE, "mode": "vf", "num_vfs": "4"}


@pytest.fixture
def run(switch):
    return switch("nics")


def test_a_host_as_it_is_recorded_has_no_reason(run):
    assert observe_modes(run.host.root()) == ({}, [])
    run(ENTRY, {"pf": BNXT, "mode": "pf"})
    found = observe_modes(run.host.root())
    assert found.reasons == []
    assert found.entries[ICE] == {**ENTRY, "reconfigurable": True}
    assert set(found.entries) == {ICE, BNXT}


def test_a_pinned_card_is_one(run):
    run(ENTRY)
    run({**ENTRY, "reconfigurable": False})
    found = observe_modes(run.host.root())
    assert (found.reasons, found.entries[ICE]["reconfigurable"]) == ([], False)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda host: host.write(f"sys/bus/pci/devices/{ICE}/sriov_numvfs", "0"),
        lambda host: host.files.unlink(rule_path(ICE)),
        lambda host: host.files.replace(record_path(MODE_RECORDS, ICE), b"{}"),
        lambda host: host.files.replace(record_path(MODE_RECORDS, "0000:99:00.0"), record(host, "0000:99:00.0")),
        lambda host: host.files.replace(record_path(MODE_RECORDS, ICE), record(host, ICE, serial_number="00-00-01")),
    ],
)
def test_every_difference_is_a_reason(run, spoil):
    run(ENTRY)
    spoil(run.host)
    assert observe_modes(run.host.root()).reasons


def record(host, address, **identity):
    """Return the record of the card with another address or identity."""
    kept = json.loads(host.files.read(record_path(MODE_RECORDS, ICE)))
    kept["function"]["pf"] = address
    kept["identity"] = {**kept["identity"], "subsystem": "ffff:ffff", **identity}
    return json.dumps(kept).encode()


def test_a_host_without_layouts_is_not_asked(simulated):
    host = simulated("t4")
    assert observe_layouts(host.root()) == ({}, [])


def test_an_invalid_layout_is_a_reason(simulated):
    host = simulated("t4")
    host.files.replace(record_path("mig_layout", "0000:3b:00.0"), b'{"gpu": {}}')
    assert observe_layouts(host.root()).reasons
