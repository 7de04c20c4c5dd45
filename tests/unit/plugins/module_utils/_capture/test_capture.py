# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._capture import capture as capture_capture
from ansible_collections.vfio.devices.plugins.module_utils._capture.capture import capture
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._run import facts as run_facts
from ansible_collections.vfio.devices.tests.recordings import reading, replay
from ansible_collections.vfio.devices.tests.simhost import SimHost
from ansible_collections.vfio.devices.tests.simhost.profile import names
from ansible_collections.vfio.devices.tests.simhost.tools import Tools
from ansible_collections.vfio.devices.tests.simhost.tree import File


def record(host):
    return capture("/simulated", 30.0, host.accessor(), Tools(host))[0]


def facts(files, tools):
    said = run_facts.observe(HostRoot("/simulated", files=files, tools=tools), run_facts.PARTS)
    said["iommu"].pop("kernel_arguments")
    # Derived from the machine id, which a recording does not have.
    said["published_root"].pop("host")
    return json.dumps(said)


@pytest.mark.parametrize("profile", names())
def test_a_recording_has_the_facts_of_its_host(profile):
    host = SimHost(profile, name="compute7")
    text = record(host)
    assert text == record(host)
    assert len(text) < capture_capture.MOST_BYTES
    again = replay.RecordedHost(reading.parse(text))
    said = facts(again.accessor(), replay.RecordedTools(again))
    wanted = facts(host.accessor(), Tools(host))
    # Only UUIDs and names of guests differ.
    for number, mdev in enumerate(sorted(spec.uuid for spec in host.profile.mdevs), 1):
        wanted = wanted.replace(mdev, f"00000000-0000-4000-8000-{number:012x}")
    for number, name in enumerate(("desktop-1", "render-1"), 1):
        wanted = wanted.replace(f'"{name}"', f'"guest-{number}"')
    assert json.loads(said) == json.loads(wanted)


def test_nothing_of_anybody_is_in_it():
    host = SimHost("mixed", name="payroll-host")
    planted = {
        "etc/NetworkManager/system-connections/w.nmconnection": "[wifi-security]\npsk=S3CR3T\n",
        "etc/rc.local": "mount -o password=S3CR3T; echo 1 > /sys/x/sriov_numvfs\n",
        "etc/libvirt/qemu/S3CR3T.xml": "<domain><name>S3CR3T</name><devices/></domain>",
        "etc/cron.d/S3CR3T": "* * * * * root S3CR3T\n",
    }
    for path, content in planted.items():
        host.tree.add(path, File(content.encode()))
    text = record(host)
    assert "S3CR3T" not in text
    assert "payroll-host" not in text
    identities = {spec.uuid for spec in host.profile.mdevs}
    identities |= {host.accessor().read(f"sys/class/net/{name}/address").decode().strip() for name in ("eno0", "eno1")}
    identities.add(host.accessor().read("etc/machine-id").decode().strip())
    assert not [one for one in identities if one in text]


def test_nothing_is_written():
    host = SimHost("t4")
    before = host.tree.version
    record(host)
    assert host.tree.version == before


def test_a_file_that_does_not_answer():
    host = SimHost("t4")
    host.faults.delay("sys/bus/pci/devices/0000:3b:00.0/mdev_supported_types/nvidia-222/name", 3600.0, ("read",))
    text = record(host)
    assert "name ! no answer" in text
    again = replay.RecordedHost(reading.parse(text))
    said = run_facts.observe(HostRoot("/simulated", files=again.accessor(), tools=replay.RecordedTools(again)))
    assert "did not answer within" in said["warnings"][0]


def test_a_recording_that_nobody_can_send(monkeypatch):
    monkeypatch.setattr(capture_capture, "MOST_BYTES", 100)
    with pytest.raises(HostError, match="more than 100. It was not saved"):
        record(SimHost("t4"))


def test_no_host(tmp_path):
    with pytest.raises(HostError, match="is not the root of a host"):
        capture(str(tmp_path), 1.0)
