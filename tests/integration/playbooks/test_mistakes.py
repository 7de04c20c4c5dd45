# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the most frequent mistakes of new users with their literal error messages."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.tests import compat
from ansible_collections.vfio.devices.tests.integration import simulated
from ansible_collections.vfio.devices.tests.integration.placement import services
from ansible_collections.vfio.devices.tests.simhost import mounting

NOBODY = 65534
DESKTOPS = {"name": "desktops", "select": "product_id == '1eb8'", "owner": "none", "vgpu": {"type": "GRID T4-2Q"}}
WHOLE = {"name": "whole", "select": ["0000:65:00.0"], "owner": "none", "mode": "pf"}
PORTS = {"name": "ports", "select": "product_id == '159b'", "owner": "none", "mode": "vf", "num_vfs": 2}
NEW_KERNEL = (
    "(Debian: `apt install linux-image-amd64`, Ubuntu: `apt install linux-modules-extra-$(uname -r)`), reboot, "
    "then run site again."
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hosts") / "fleet"
    mounting.mount(directory, ["t4", "debian", "nics", "a40"])
    yield directory
    mounting.unmount(directory)


@pytest.fixture
def play(fleet, tmp_path):
    """Return a function that runs a playbook and returns status, output in one line, and changed tasks by host."""

    def play(name, *arguments, hosts=("t4",), environment=None, place=fleet, **variables):
        inventory = tmp_path / "hosts.yml"
        own = hosts if isinstance(hosts, dict) else dict.fromkeys(hosts, {})
        inventory.write_text(simulated.inventory(place, own, **variables))
        command = ["ansible-playbook", "-i", str(inventory), f"vfio.devices.{name}", *arguments]
        settings = {**os.environ, **(environment or {})}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=settings, cwd="/")
        changed = {host: int(number) for host, number in re.findall(r"^(\S+) .* changed=(\d+) ", done.stdout, re.M)}
        said = " ".join((done.stdout + done.stderr).replace("\\n", " ").replace('\\"', '"').split())
        return done.returncode, said, changed

    return play


def copy_readable(source, target):
    """Copy a file; some kernel files can only be written."""
    with contextlib.suppress(OSError):
        # Read the file like a program, because its reported size is 0.
        Path(target).write_bytes(Path(source).read_bytes())


@pytest.fixture
def place():
    """Create a directory that other users can read. Each start of pytest closes the directories of pytest for them."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_without_root_the_variable_is_named(play, fleet, place):
    if os.geteuid():
        pytest.skip("only root can be somebody else")
    # Only the user who has mounted a simulated host can read it.
    shutil.copytree(fleet / "nics", place / "nics", symlinks=True, copy_function=copy_readable)
    for program in (place / "nics/usr/bin").iterdir():
        program.chmod(0o755)
    python = place / "python"
    python.write_text(
        "#!/bin/sh\nexec env -u PYTHONPATH PYTHONDONTWRITEBYTECODE=1 "
        f'setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups {shutil.which("python3", path="/usr/bin")} "$@"\n'
    )
    python.chmod(0o755)
    status, said, changed = play(
        "site",
        "-e",
        f"ansible_python_interpreter={python}",
        hosts=["nics"],
        place=place,
        environment={"ANSIBLE_PIPELINING": "1"},
        vfio_profiles=[PORTS],
    )
    assert (status, changed) == (2, {"nics": 0}), said
    assert "cannot lock /run/vfio-devices/lock: EACCES (Permission denied). Run as root (become: true)" in said


@pytest.mark.parametrize("arguments", [("--check",), ()], ids=["check", "real"])
def test_without_an_iommu_the_run_ends_well_and_asks_for_a_reboot(arguments, play, fleet):
    status, said, changed = play("site", *arguments, hosts=["debian", "nics"], vfio_profiles=[WHOLE])
    assert (status, changed["debian"]) == (0, 1), said
    assert (
        "debian: reboot required. Its kernel was started without intel_iommu=on iommu=pt. "
        "Not configured before the reboot: 0000:65:00.0."
    ) in said
    remedy = "{} this host, then run site again. Set `iommu_reboot: true` to have site reboot this host."
    assert remedy.format("Run site, reboot" if arguments else "Reboot") in said
    assert said.count("reboot required") == 1
    assert "Nothing was changed" not in said
    status, said, changed = play("verify", hosts=["debian"], vfio_profiles=[WHOLE])
    assert status == 2
    assert "Run site, reboot this host, then run site again." in said
    assert "Nothing was changed" not in said
    by_hand = {"vfio_profiles": [WHOLE], "iommu_bootloader": "none"}
    status, said, changed = play("site", *arguments, hosts=["debian"], **by_hand)
    assert "Add intel_iommu=on iommu=pt to its kernel arguments yourself, because iommu_bootloader is none." in said
    assert "Reboot this host, then run site again." in said
    assert "iommu_reboot: true" not in said


def test_a_card_without_its_vgpu_driver_is_not_a_card_that_is_missing(play):
    status, said, changed = play("site", hosts=["debian"], vfio_profiles=[DESKTOPS])
    assert (status, changed) == (2, {"debian": 0}), said
    assert (
        "profile desktops, 0000:65:00.0: this card (10de:1eb8) offers no vGPUs, because its driver is nouveau. Install "
        "the NVIDIA vGPU host driver (vGPU Manager, not the driver for guests or CUDA) on this host and reboot"
    ) in said
    status, said, changed = play("site", hosts=["nics", "a40"], vfio_profiles=[DESKTOPS])
    assert (status, changed) == (0, {"nics": 0, "a40": 0}), said
    assert (
        "Profile desktops selects no card on nics, a40 (2 hosts). No card meets select: product_id == '1eb8'. "
        "Their cards are 2 x 8086:10c9, 2 x 8086:159b, 2 x 10de:2235, 1 x 15b3:101d, 1 x 14e4:1750. "
        "Run `ansible-playbook -i INVENTORY vfio.devices.discover` to show them."
    ) in said
    assert said.count("Profile desktops selects no card") == 1


def test_the_name_of_a_module_is_not_that_of_its_driver(play):
    status, said, changed = play("site", hosts=["nics"], vfio_profiles=[{**PORTS, "vf_driver": "vfio_pci"}])
    assert (status, changed) == (2, {"nics": 0}), said
    assert "profile ports: vf_driver vfio_pci is not the name of a driver. Write vfio-pci" in said


def test_a_missing_library_is_named_with_the_python_and_the_command(play, tmp_path):
    (tmp_path / "jmespath.py").write_text("raise ImportError(\"No module named 'jmespath'\")\n")
    environment = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    hosts = ["t4", "a40"]
    status, said, changed = play("site", hosts=hosts, environment=environment, vfio_profiles=[DESKTOPS])
    assert (status, changed) == (2, dict.fromkeys(hosts, 0)), said
    python = sys.executable
    assert (
        f"The Python library jmespath is not installed for {python} on the controller (No module named 'jmespath'). "
        f"Run: {python} -m pip install jmespath The same errors: t4, a40 (2 hosts)."
    ) in said
    assert "vfio_profiles has the same errors on this host as on t4. See t4." in said


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """Return the clouds.yaml of a Placement with the compute nodes compute-1 and compute-2."""
    running = services.placement(tmp_path_factory.mktemp("placement"))
    cloud = services.Cloud(running.url)
    for host in ("compute-1", "compute-2"):
        cloud.make(host, traits=["COMPUTE_NODE", "OWNER_NOVA"])
    login = {"auth_type": "admin_token", "auth": {"endpoint": cloud.url, "token": "admin"}}
    yield yaml.safe_dump({"clouds": {"fleet": login}})
    running.stop()


def publish(play, tmp_path, **variables):
    return play("site", "--check", vfio_profiles=[DESKTOPS], placement_publish=True, **variables)


def test_clouds_beside_the_inventory_are_found_and_a_wrong_root_is_answered_with_the_right_ones(play, cloud, tmp_path):
    status, said, changed = publish(play, tmp_path, placement_cloud="fleet")
    assert (status, changed) == (2, {"t4": 0}), said
    assert "Cloud fleet was not found" in said
    # The working directory, the directory of the inventory, and the directories of the SDK.
    assert re.search(rf"There is no clouds\.yaml in /, {tmp_path}, [^ ]*, .*/etc/openstack", said), said

    (tmp_path / "clouds.yaml").write_text(cloud)
    status, said, changed = publish(play, tmp_path, placement_cloud="flet")
    assert f"Cloud flet was not found. {tmp_path}/clouds.yaml has the cloud fleet. Set placement_cloud" in said

    status, said, changed = publish(play, tmp_path, placement_cloud="fleet")
    assert (status, changed) == (2, {"t4": 0}), said
    assert "there is no provider with this name, and without a parent it would be the root of a tree" in said
    assert "The roots in Placement are compute-1, compute-2. placement_root must be the hypervisor_hostname" in said

    status, said, changed = publish(play, tmp_path, placement_cloud="fleet", placement_root="compute-1")
    assert (status, changed["t4"] > 0) == (0, True), said


@pytest.mark.parametrize("python", compat.find_old_pythons())
def test_an_old_python_of_the_host_is_a_sentence_also_with_the_oldest_core(python, play):
    oldest = next(iter(compat.CORES))
    pythons = compat.pythons_of(oldest)
    if not pythons:
        pytest.skip(f"this machine has no Python that ansible-core {oldest} can run on")
    core = compat.of_core(oldest, pythons[0])
    status, said, changed = play(
        "site", "-e", f"ansible_python_interpreter={python}", environment=core, vfio_profiles=[DESKTOPS]
    )
    assert (status, changed) == (2, {"t4": 0}), said
    assert re.search(
        rf"Python [23]\.\d+ \({re.escape(python)}\) is too old\. The modules of vfio\.devices need Python 3\.9 or "
        r"newer on this host\. Install it, for example on RHEL 8 with `dnf install python39`, and set "
        r"`ansible_python_interpreter: /usr/bin/python3\.9` for this host\.",
        said,
    )
    assert "Traceback" not in said


def test_a_kernel_without_vfio_is_replaced(play, tmp_path):
    prefix = tmp_path / "prefix"
    prefix.write_text(
        "#!/bin/sh\n"
        "echo 'modprobe: FATAL: Module mlx5_vfio_pci not found in directory /lib/modules/6.1.0-cloud' >&2\n"
        "exit 1\n"
    )
    prefix.chmod(0o755)
    ports = {"name": "ports", "select": ["eno1"], "owner": "none", "mode": "vf", "num_vfs": 2}
    profiles = [{**ports, "select": ["enp1s0f1"], "vf_driver": "mlx5_vfio_pci"}]
    status, said, changed = play("site", hosts=["nics"], vfio_profiles=profiles, iommu_command_prefix=[str(prefix)])
    assert status == 2, said
    assert (
        "nics: the kernel cannot load mlx5_vfio_pci. modprobe says: modprobe: FATAL: Module mlx5_vfio_pci not found in "
        "directory /lib/modules/6.1.0-cloud. If it does not find the module, the running kernel was built without "
        f"VFIO. Install another kernel {NEW_KERNEL}"
    ) in said


def test_a_limit_that_leaves_the_group_out_is_named_with_the_hosts_of_the_group(play):
    hosts = {"nics": {}, "t4": {"vfio_profiles": [DESKTOPS]}, "a40": {"vfio_profiles": [DESKTOPS]}}
    status, said, changed = play("site", "--limit", "nics", hosts=hosts)
    assert (status, changed) == (0, {"nics": 0}), said
    assert (
        "vfio_profiles is empty or not set for nics, so nothing is configured there. The hosts with vfio_profiles are "
        "t4, a40 (2 hosts), and --limit leaves them out. Correct --limit, or set vfio_profiles in group_vars of a "
        "group that has these hosts."
    ) in said


def test_all_invalid_variables_are_reported_together_and_not_converted(play):
    wrong = {"vfio_on_busy": "ignore", "vfio_serial": "half", "placement_publish": "maybe"}
    status, said, changed = play("site", vfio_profiles=[DESKTOPS], **wrong)
    assert (status, changed) == (2, {"t4": 0}), said
    for sentence in (
        "placement_publish must be true or false, and not 'maybe'",
        "vfio_serial must be a whole number from 1 to 100000, or a percentage such as 10%, and not 'half'",
        "vfio_on_busy must be fail or skip, and not 'ignore'",
    ):
        assert sentence in said
    assert "deprecat" not in said.lower()


def test_a_failing_template_of_a_host_that_the_limit_leaves_out_is_not_evaluated(play):
    failing = {"vfio_profiles": "{{ base + extra }}", "base": []}
    hosts = {"t4": {"vfio_profiles": [PORTS]}, "nics": failing}
    status, said, _changed = play("site", "--check", "--limit", "t4", hosts=hosts)
    assert (status, "1 host: 1 unchanged" in said) == (0, True)
    status, said, _changed = play("site", "--check", hosts=hosts)
    assert (status, "nics (rejected or failed): vfio_profiles cannot be evaluated: " in said) == (2, True)
    # The profile may be for the host that has failed.
    assert "Profile ports selects no card" not in said


def test_an_invalid_profile_and_one_for_other_hosts_than_those_of_the_limit_do_not_select_nothing(play):
    profiles = [{**PORTS, "select": "class == '0200' && total_vfs >= 64"}, DESKTOPS]
    hosts = dict.fromkeys(("nics", "t4"), {})
    status, said, changed = play("site", "--check", "--limit", "nics", hosts=hosts, vfio_profiles=profiles)
    assert (status, changed) == (2, {"nics": 0}), said
    assert "select cannot be used. Unexpected 64 at character 33. Write a number in backquotes" in said
    assert "selects no card" not in said and "selects a card" not in said


def test_one_list_of_addresses_for_different_cards_is_told_before_anything_is_changed(play):
    profiles = [{"name": "cards", "select": ["0000:41:00.0", "0000:3b:00.0"], "owner": "none", "mode": "pf"}]
    status, said, changed = play("site", "--check", hosts=["t4", "a40"], vfio_profiles=profiles)
    warning = (
        "Profile cards selects cards of different models by one list: 10de:1eb8 (0000:3b:00.0 on t4), 10de:2235 "
        "(0000:41:00.0 on a40). Addresses differ between hosts. Move the list to host_vars, or select by vendor_id and "
        "product_id."
    )
    assert said.count(warning) == 1, said
    assert said.index(warning) < said.index("Configure the IOMMU") if "Configure the IOMMU" in said else True
