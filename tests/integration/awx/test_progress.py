# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that long work reports its progress on the console and in events of ansible-runner."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import ansible_runner
import pytest
from ansible_collections.vfio.devices.tests.integration.awx.templates import ROOT
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

DEVICES = 24
LINE = re.compile(rf"compute7: ([0-9]+) of {DEVICES} devices after [0-9]+ s\Z")


@pytest.fixture
def host(tmp_path):
    """Mount a host on which the creation of devices takes some time."""
    parent = {"types": "mdpy", "name": "mdpy", "path": "sys/devices/virtual/mdpy/mdpy", "capacity": DEVICES}
    profile, directory = tmp_path / "host.yml", tmp_path / "fleet"
    profile.write_text(json.dumps({"parents": [parent]}))
    mounting.mount(directory, [str(profile)])
    yield directory / "host"
    mounting.unmount(directory)


def slow(host):
    command = [sys.executable, "-m", "tests.simhost", "slow", str(host), "*/create", "0.25"]
    subprocess.run(command, cwd=ROOT, check=True)


def play(host, **variables):
    task = {"instances": [{"type": "mdpy-vga", "parent": "mdpy", "count": DEVICES}], "host_root": str(host)}
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **variables}
    tasks = [{"name": "Make devices", "vfio.devices.mdev_instance": task}]
    return json.dumps([{"hosts": "all", "gather_facts": False, "vars": variables, "tasks": tasks}])


def numbers(lines):
    return [int(match[1]) for match in map(LINE.match, lines) if match]


def grows(found):
    return len(found) >= 2 and found == sorted(set(found))


def test_on_the_console(host, tmp_path):
    slow(host)
    (tmp_path / "play.yml").write_text(play(host, vfio_progress_interval=1))
    command = ["ansible-playbook", "-i", "compute7,", "-c", "local", str(tmp_path / "play.yml")]
    found = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            told = numbers([line.rstrip()])
            if told:
                # The progress is reported before all devices exist.
                assert told[0] <= len(list((host / "sys/bus/mdev/devices").iterdir())) < DEVICES
                found += told
        output = process.stdout.read()
    assert grows(found)
    assert "changed: [compute7]" in output
    assert " devices after " not in output
    assert process.returncode == 0


def test_in_the_events_of_runner(host, tmp_path):
    slow(host)
    done = run(host, tmp_path, vfio_progress_interval=1)
    events = list(done.events)
    (end,) = [number for number, event in enumerate(events) if event["event"] == "runner_on_ok"]
    assert grows(numbers(event["stdout"] for event in events[:end] if event["event"] == "verbose"))
    result = events[end]["event_data"]["res"]
    assert len(result["created"]) == DEVICES
    assert "progress" not in result
    assert "budget" not in json.dumps(events).lower()


def test_short_work_is_quiet(host, tmp_path):
    done = run(host, tmp_path)
    assert done.stats["changed"] == {"compute7": 1}
    assert not [event for event in done.events if event["event"] == "verbose"]


def run(host, tmp_path, **variables):
    (tmp_path / "project").mkdir()
    (tmp_path / "inventory").mkdir()
    (tmp_path / "project/play.yml").write_text(play(host, **variables))
    (tmp_path / "inventory/hosts").write_text("compute7 ansible_connection=local\n")
    done = ansible_runner.run(private_data_dir=str(tmp_path), playbook="play.yml", quiet=True)
    assert done.status == "successful", done.stdout.read()
    return done


def test_of_many_providers(tmp_path):
    service = services.placement(tmp_path / "placement")
    try:
        services.Cloud(service.url).make("node")
        children = [
            {"name": f"node_{number}", "parent": "node", "inventories": {"CUSTOM_VF": {"total": 1}}}
            for number in range(100)
        ]
        command = ["ansible", "localhost", "-m", "vfio.devices.placement_inventory", "-e", "vfio_progress_interval=0.5"]
        command += ["-a", json.dumps({"providers": [{"name": "node"}, *children]})]
        environment = {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": service.url, "OS_TOKEN": "admin"}
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    finally:
        service.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(r"^Placement: ([0-9]+) of 100 providers written after [0-9]+ s$", done.stderr, re.M)
    assert len(found) >= 2
    assert "_progress" not in done.stdout
