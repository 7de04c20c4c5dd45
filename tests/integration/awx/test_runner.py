# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook site with ansible-runner, the engine of AWX, with an AWX credential and survey answers."""

from __future__ import annotations

import json
import os
import subprocess

import ansible_runner
import pytest
import yaml
from ansible_collections.vfio.devices.tests.integration.awx.conftest import HOSTS
from ansible_collections.vfio.devices.tests.integration.awx.templates import answers
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.integration.placement import stack as stacks


@pytest.fixture(scope="module")
def credential(stack, tmp_path_factory):
    """Return what AWX creates from an OpenStack credential: a file, and a variable with its path."""
    auth = {
        "auth_url": stack.url,
        "username": "admin",
        "password": stacks.PASSWORD,
        "project_name": "admin",
        # AWX calls this the domain name; the SDK uses it for user and project.
        "domain_name": "Default",
    }
    file = tmp_path_factory.mktemp("env") / "tmp1xvq3k8p"
    file.write_text(yaml.safe_dump({"clouds": {"devstack": {"auth": auth, "verify": True}}}))
    return {"OS_CLIENT_CONFIG_FILE": str(file)}


@pytest.fixture(scope="module")
def cloud(stack):
    """Return Placement with the compute nodes."""
    cloud = services.Cloud(stack.placement.url, stack.log_in("admin", stacks.PASSWORD, "admin"))
    for host in HOSTS:
        cloud.make(host, traits=["COMPUTE_NODE", "OWNER_NOVA"])
    return cloud


@pytest.fixture(scope="module", autouse=True)
def no_other_cloud():
    """Remove all other settings of the cloud, so that only the credential remains."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OS_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="module")
def site(job, cloud, credential):
    """Return the events of the first run."""
    return run(job(answers("site"), credential, placement_publish=True, placement_cloud="devstack"), "site")


def run(directory, playbook):
    done = ansible_runner.run(private_data_dir=str(directory), playbook=f"{playbook}.yml", quiet=True)
    assert done.status == "successful", done.stdout.read()
    return list(done.events)


def test_site(site, cloud):
    assert set(ends(site)["changed"]) == set(HOSTS)
    (applied,) = results(site, "t4", "cards_apply")
    made = applied["results"]["mdev_made"]
    assert {one["type_name"] for one in made["instances"]} == {"GRID T4-2Q"}
    assert len(made["created"]) == 16
    assert set(made["diff"]) == {"before", "after"}
    checked, published = results(site, HOSTS[0], "placement_inventory")
    assert len(checked["created"]) == len(published["created"]) == 4
    assert cloud.tree("t4").keys() > {"t4"}
    assert stacks.PASSWORD not in json.dumps(site)


def test_again_through_a_pipe(site, job, credential, tmp_path):
    # Without a name, the SDK uses the only cloud.
    directory = job(answers("site"), credential, placement_publish=True)
    events = through_a_pipe(directory, "site.yml", tmp_path)
    end = ends(events)
    assert (end["changed"], end["failures"], end["dark"]) == ({}, {}, {})
    assert set(end["ok"]) == set(HOSTS)
    assert all(result["kept"] for result in results(events, HOSTS[0], "placement_inventory"))
    assert stacks.PASSWORD not in json.dumps(events)


def ends(events):
    (end,) = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    return end


def results(events, host, module):
    """Return the result of a module on a host for each task."""
    return [
        event["event_data"]["res"]
        for event in events
        if event["event"] == "runner_on_ok"
        and event["event_data"]["host"] == host
        and event["event_data"]["task_action"] == f"vfio.devices.{module}"
    ]


def through_a_pipe(directory, playbook, tmp_path):
    """Return the events of a job that one process sends to a worker process, which returns its events."""
    worker, back = tmp_path / "worker", tmp_path / "back"
    worker.mkdir()
    back.mkdir()
    commands = [
        ["transmit", str(directory), "-p", playbook],
        ["worker", "--private-data-dir", str(worker)],
        ["process", str(back)],
    ]
    processes = []
    for command in commands:
        source = processes[-1].stdout if processes else subprocess.DEVNULL
        processes.append(subprocess.Popen(["ansible-runner", *command], stdin=source, stdout=subprocess.PIPE))
        if len(processes) > 1:
            source.close()
    said = processes[-1].communicate(timeout=300)[0]
    assert [process.wait(60) for process in processes] == [0, 0, 0], said.decode()
    files = (back / "artifacts").rglob("job_events/*.json")
    return [json.loads(file.read_text()) for file in files if "partial" not in file.name]


@pytest.mark.parametrize("playbook", ["verify", "report", "reprofile"])
def test_the_others_run_with_the_answers_of_their_surveys(site, job, tmp_path, playbook):
    extra = answers(playbook)
    if "report_path" in extra:
        extra["report_path"] = str(tmp_path / "fleet.html")
    assert ends(run(job(extra, {}, hosts=["t4"]), playbook))["changed"] == {}
    assert playbook != "report" or (tmp_path / "fleet.html").is_file()


def test_drain(site, job, credential, cloud):
    # A survey answer for cards is a text.
    run(job({**answers("drain"), "drain_cards": "0000:3b:00.0"}, credential, hosts=["t4"]), "drain")
    reserved = {name: one["inventories"] for name, one in cloud.tree("t4").items() if one["inventories"]}
    assert {name[-12:]: one["CUSTOM_VGPU_T4"]["reserved"] for name, one in reserved.items()} == {
        "0000:3b:00.0": 8,
        "0000:af:00.0": 0,
    }
