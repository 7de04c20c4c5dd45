# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the playbooks on the lab with a real Placement on this machine: the whole life of a declaration."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.lab import Machine, running_machine
from ansible_collections.vfio.devices.tests.lab.kernel import LabFiles

MDEVS = "sys/bus/mdev/devices"
PORTS, DRIVE = "0000:41:00.0", "0000:c1:00.0"
PROFILES = [
    {
        "name": "serial",
        "select": ["mtty"],
        "owner": "none",
        "vgpu": {"type": "{{ serial_type }}", "count": 4},
        "placement": {"resource_class": "CUSTOM_SERIAL", "traits": ["CUSTOM_TIER_GOLD"]},
    },
    {
        "name": "ports",
        "select": [PORTS],
        "owner": "none",
        "mode": "vf",
        "num_vfs": 4,
        "vf_driver": "vfio-pci",
        "placement": {"resource_class": "CUSTOM_NIC_VF"},
    },
    {
        "name": "drives",
        "select": "class == '0108'",
        "owner": "none",
        "mode": "pf",
        "placement": {"resource_class": "CUSTOM_NVME"},
    },
]


Play = Callable[..., tuple[int, int, str]]


@pytest.fixture(scope="module")
def machine() -> Machine:
    return running_machine()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Cloud]:
    """Start a Placement in which nova-compute has created the root provider of the machine."""
    running = services.placement(tmp_path_factory.mktemp("placement"))
    cloud = services.Cloud(running.url)
    cloud.make("lab", traits=["COMPUTE_NODE", "OWNER_NOVA"])
    yield cloud
    running.stop()


@pytest.fixture(scope="module")
def play(machine: Machine, cloud: services.Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Return a function that runs a playbook and returns the numbers of changed and failed tasks, and the output."""
    variables = tmp_path_factory.mktemp("variables") / "site.json"
    auth = {"endpoint": cloud.url, "token": "admin"}
    variables.write_text(
        json.dumps(
            {
                "vfio_profiles": PROFILES,
                "placement_publish": True,
                "placement_auth_type": "admin_token",
                "placement_auth": auth,
            }
        )
    )

    def play(playbook: Path | str, serial_type: str = "mtty-2") -> tuple[int, int, str]:
        command = ["ansible-playbook", "-i", str(machine.inventory), "-e", f"@{variables}"]
        command += ["-e", f"serial_type={serial_type}", str(playbook)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        recap = re.search(r"changed=(\d+) +unreachable=0 +failed=(\d+)", said.stdout)
        assert recap, said.stdout + said.stderr
        return int(recap[1]), int(recap[2]), said.stdout

    yield play
    _changed, failed, said = play(Path(__file__).parent / "clear.yml")
    assert not failed, said


@pytest.fixture
def files(machine: Machine) -> Iterator[LabFiles]:
    """Return the files of the machine, and devices that are held."""
    connected = LabFiles(machine)
    yield connected
    connected.close()


def inventory(cloud: services.Cloud) -> dict[str, tuple[str, int, int]]:
    """Map provider names to class, total and reserved amount."""
    found = {}
    for name, provider in cloud.tree("lab").items():
        for kind, one in provider["inventories"].items():
            found[name] = (kind, one["total"], one["reserved"])
    return found


def kinds(files: LabFiles) -> dict[str, str]:
    """Map the UUID of each mdev to its type."""
    return {uuid: files.link(f"{MDEVS}/{uuid}/mdev_type").rpartition("/")[2] for uuid in files.list(MDEVS)}


def test_site(play: Play, cloud: services.Cloud, files: LabFiles) -> None:
    changed, failed, said = play("vfio.devices.site")
    assert changed and not failed, said
    assert sorted(kinds(files).values()) == ["mtty-2"] * 4
    published = {
        "lab_vfio_mtty": ("CUSTOM_SERIAL", 4, 0),
        f"lab_vfio_{PORTS}": ("CUSTOM_NIC_VF", 4, 0),
        f"lab_vfio_{DRIVE}": ("CUSTOM_NVME", 1, 0),
    }
    assert inventory(cloud) == published

    changed, failed, said = play("vfio.devices.site")
    assert (changed, failed) == (0, 0), said
    changed, failed, said = play("vfio.devices.verify")
    assert (changed, failed) == (0, 0), said

    removed, held, *others = sorted(kinds(files))
    files.write(f"{MDEVS}/{removed}/remove", b"1")
    cloud.set(
        "lab_vfio_mtty", "traits", [one for one in cloud.get("lab_vfio_mtty", "traits") if one != "CUSTOM_TIER_GOLD"]
    )
    changed, failed, said = play("vfio.devices.verify")
    assert failed, said
    assert removed in said
    assert "CUSTOM_TIER_GOLD" in said

    files.hold(held)
    changed, failed, said = play("vfio.devices.reprofile", "mtty-1")
    assert changed and failed, said
    assert "python3" in said
    assert kinds(files)[held] == "mtty-2"
    assert inventory(cloud)["lab_vfio_mtty"] == ("CUSTOM_SERIAL", 4, 4)

    files.release(held)
    changed, failed, said = play("vfio.devices.reprofile", "mtty-1")
    assert changed and not failed, said
    assert sorted(kinds(files).values()) == ["mtty-1"] * 4
    assert inventory(cloud) == published
