# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the installed program as a process on mounted hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import files, main, records
from ansible_collections.vfio.devices.plugins.module_utils._boot import job as boot_job
from ansible_collections.vfio.devices.plugins.module_utils._host import child_process
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._instances import job as instances_job
from ansible_collections.vfio.devices.plugins.module_utils._instances import wanted as instances_wanted
from ansible_collections.vfio.devices.plugins.module_utils._modes import job as modes_job
from ansible_collections.vfio.devices.tests.simhost import mounting

ICE, ICE1, MLX5 = "0000:31:00.0", "0000:31:00.1", "0000:98:00.0"
VFS = {"pf": ICE, "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"}
WHOLE = {"pf": MLX5, "mode": "pf"}
PERSIST = {"on_busy": "fail", "accept_unseen": [], "persist": True}


class Host:
    """A mounted host with the program, configured by the engine itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes(lambda host: boot_job.converge(host, True, None, 30.0, False))

    def changes(self, converge):
        """Return whether a run changes something; its own process holds the lock of the host until it ends."""
        return child_process.run(lambda: converge(HostRoot(str(self.root), 10))["changed"], 60)

    def modes(self, *functions, check=False):
        entries = [records.recorded_function(function["pf"], {"function": function}) for function in functions]
        options = {**PERSIST, "allow_host_network": False}
        return self.changes(lambda host: modes_job.converge(host, options, entries, [], check))

    def devices(self, *instances, check=False):
        options = {**PERSIST, "state": "present", "exact": False, "placement": "spread"}
        fields = ("uuid", "count", "numa_node", "attributes", "autostart")
        wanted = instances_wanted.parse_instances(
            [{**dict.fromkeys(fields), **instance} for instance in instances], "present", False
        )
        return self.changes(lambda host: instances_job.converge(host, options, wanted, check))

    def simhost(self, *words):
        subprocess.run([sys.executable, "-m", "tests.simhost", *words], cwd=mounting.CHECKOUT, check=True)

    def reboot(self, *late):
        self.simhost("reboot", str(self.root), *(word for name in late for word in ("--late", name)))

    def start(self, *arguments, **environment):
        """Start the program with the command of the unit, but below this root and with the Python of the tests."""
        command = [sys.executable, "-I", "-B", self.root / files.PROGRAM, "--root", self.root, *arguments]
        clean = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**clean, **environment}
        )

    def run(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        output = process.communicate(timeout=60)[0]
        return process.returncode, output.splitlines()


@pytest.fixture
def fleet(tmp_path):
    if not os.path.exists("/dev/fuse"):
        pytest.skip("there is no /dev/fuse")
    fleet = tmp_path / "fleet"
    mounting.mount(fleet, ["nics", "l40s", "mtty"])
    yield fleet
    mounting.unmount(fleet)


def test_cards_after_a_reboot(fleet):
    host = Host(fleet / "nics")
    host.modes(VFS, WHOLE, {"pf": ICE1, "mode": "vf", "num_vfs": "2"})
    host.reboot("ice=1", f"{MLX5}=2", f"{ICE1}=9999")
    status, lines = host.run("--timeout=4")
    assert status == 1
    assert sorted(lines) == [
        f"{ICE} mode: made 4 virtual functions; bound virtual functions 0, 1, 2, 3 to vfio-pci",
        f"{ICE1} mode: there is no PCI function {ICE1}",
        f"{MLX5} mode: stored the native driver until the next boot; bound {MLX5} to vfio-pci",
    ]
    assert not host.modes(VFS, WHOLE, check=True)
    # A guest had the whole card.
    driver = host.root / "sys/bus/pci/drivers/ice"
    for name in ("unbind", "bind"):
        (driver / name).write_text(ICE)
    assert host.modes(VFS, check=True)
    assert host.run("--check", f"--card={ICE}")[1][0].startswith(
        f"{ICE} mode: would have made 4 virtual functions; would"
    )
    assert host.run(f"--card={ICE}")[0] == 0
    assert host.run(f"--card={ICE}", JOURNAL_STREAM="1:2") == (0, [f"<6>{ICE} mode: as recorded"])


def test_two_starts_at_once(fleet):
    host = Host(fleet / "l40s")
    wanted = {"type": ["NVIDIA L40S-8Q"], "parent": "0000:84:00.0", "count": "4"}
    host.modes({"pf": "0000:84:00.0", "mode": "vf", "num_vfs": "max"})
    host.devices(wanted)
    host.reboot("0000:84:00.0/vfs=9999")
    processes = [host.start("--timeout=30") for dummy in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(output.count("as recorded") for output in outputs) == [0, 2], outputs
    assert not host.devices(wanted, check=True)


def test_host_in_trouble(fleet):
    host = Host(fleet / "mtty")
    assert host.run() == (0, ["there is no record of this host"])
    assert host.run("--card=mtty") == (0, ["there is no record of mtty"])
    wanted = {"type": ["mtty-1"], "parent": "mtty", "count": "2"}
    host.devices(wanted)
    (host.root / "etc/vfio-devices/mdev_instance/zz.json").write_text("{")
    host.reboot("mtty=1")
    status, lines = host.run("--timeout=20", JOURNAL_STREAM="1:2")
    assert status == 1
    assert "<6>mtty devices: created 2 of Single port serial" in lines
    problem = "/etc/vfio-devices/mdev_instance/zz.json is not a record of this collection"
    assert f"<3>zz devices: {problem}. Run the play again, or remove the file" in lines
    assert not host.devices(wanted, check=True)
    HostRoot(str(host.root)).lock()
    status, lines = host.run("--timeout=0.2")
    assert status == 1
    assert f"another run on this host has the lock, pid {os.getpid()} (" in lines[0]


@pytest.mark.parametrize("arguments", [["--timeout"], ["--surprise"], ["--CHECK"], ["--chec"], ["--time=5"]])
def test_arguments_that_are_none(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: vfio-devices-restore")


@pytest.mark.parametrize("value", ["x", "", "0", "-1", "inf", "nan", "1e3", "1_0", "\uff18", "86401"])
def test_time_that_is_none(value, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main([f"--timeout={value}"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"argument --timeout: it must be a number of seconds from 0.1 to 86400, and not {value!r}" in said


def test_the_same_warning_comes_once(simulated, monkeypatch, capsys):
    host = simulated("nics")
    host.files.replace("etc/vfio-devices/sriov_pf_mode/x.json", b"{")
    root = host.root()
    monkeypatch.setattr(main, "HostRoot", lambda *args: root)
    root.warn("all is lost")
    root.warn("all is lost")
    assert main.main(["--boot"]) == 1
    assert not root.may_start_daemons
    assert capsys.readouterr().out.count("all is lost") == 1


def test_layouts_are_reported_like_cards_and_devices(simulated, monkeypatch, capsys):
    host = simulated("h200")
    gpu = {"pf": "0000:41:00.0", "enabled": True, "layout": {}, "compute_instances": True}
    host.files.replace("etc/vfio-devices/mig_layout/0000:41:00.0.json", json.dumps({"gpu": gpu}).encode())
    monkeypatch.setattr(main, "HostRoot", lambda *args: host.root())
    assert main.main([]) == 0
    assert "0000:41:00.0 MIG layout: enabled MIG" in capsys.readouterr().out.splitlines()


def test_root_that_is_none(capsys):
    assert main.main(["--root=/no/such/root"]) == 1
    assert capsys.readouterr().err == "/no/such/root is not the root of a host: it has no directory sys\n"


@pytest.mark.parametrize("name", ["", " ", "../x", "a b", "a\n", "..", "\udcff"])
def test_a_card_without_a_name_does_not_mean_all_cards(capsys, name):
    with pytest.raises(SystemExit) as ended:
        main.main([f"--card={name}"])
    assert ended.value.code == 2
    assert f"argument --card: {name!r} is not a name of a parent" in capsys.readouterr().err


def test_a_card_may_have_capital_letters(simulated, monkeypatch, capsys):
    root = simulated("empty").root()
    monkeypatch.setattr(main, "HostRoot", lambda *args: root)
    assert main.main(["--card=0000:3B:00.0"]) == 0
    assert capsys.readouterr().out == "there is no record of 0000:3b:00.0\n"
