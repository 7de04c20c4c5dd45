# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the command: the daemon that serves a fleet, and the state after its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests.simhost import __main__ as command
from ansible_collections.vfio.devices.tests.simhost import mounting

from .conftest import refusal, wait_for

UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
KIND = "sys/class/mdev_bus/mtty/mdev_supported_types/mtty-1"


def simhost(*words: object) -> int:
    return command.main([str(word) for word in words])


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Path]:
    """Mount a fleet with one host ``mtty`` and two of ``t4``."""
    directory = tmp_path / "fleet"
    assert simhost("mount", directory, "mtty", "t4=2") == 0
    yield directory
    assert simhost("unmount", directory) == 0


def status(directory: Path) -> dict[str, dict[str, object]]:
    hosts: dict[str, dict[str, object]] = mounting.request(directory, command="status")["hosts"]
    return hosts


def test_fleet(fleet: Path) -> None:
    assert set(os.listdir(fleet)) == {".simhost", "mtty", "t4-1", "t4-2"}
    ids = {(fleet / name / "etc/machine-id").read_text() for name in ("mtty", "t4-1", "t4-2")}
    assert len(ids) == 3


def test_hosts_are_built_when_looked_into(fleet: Path) -> None:
    assert "kernel" not in status(fleet)["t4-2"]
    assert (fleet / "t4-2/sys").is_dir()
    assert status(fleet)["t4-2"]["kernel"] == "5.15"


def test_killed_writer_stays_blocked_until_release(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = fleet / "mtty"
    (host / KIND / "create").write_text(UUID)
    assert simhost("hold", host, UUID, "--pid", 77, "--command", "qemu-kvm -name guest=vm") == 0
    assert capsys.readouterr().out == "77\n"
    assert (host / "proc/77/comm").read_text() == "qemu-kvm\n"
    remove = host / "sys/bus/mdev/devices" / UUID / "remove"
    code = f"import os; os.write(os.open({str(remove)!r}, os.O_WRONLY), b'1')"
    with subprocess.Popen([sys.executable, "-c", code]) as writer:
        wait_for(lambda: bool(status(fleet)["mtty"].get("pending")))
        writer.kill()
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(0.3)
        assert simhost("status", fleet) == 0
        assert "is in use" in capsys.readouterr().out
        assert simhost("release", host, UUID) == 0
        assert writer.wait(10) == -signal.SIGKILL
    assert not (host / KIND / "devices" / UUID).exists()


def test_unmount_wakes_blocked_writers_and_ends_the_daemon(tmp_path: Path) -> None:
    directory = tmp_path / "fleet"
    pid = mounting.mount(directory, ["mtty"])
    (directory / "mtty" / KIND / "create").write_text(UUID)
    simhost("hold", directory / "mtty", UUID)
    remove = directory / "mtty/sys/bus/mdev/devices" / UUID / "remove"
    code = f"import os; os.write(os.open({str(remove)!r}, os.O_WRONLY), b'1')"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as writer:
        wait_for(lambda: bool(status(directory)["mtty"].get("pending")))
        assert simhost("unmount", directory) == 0
        assert b"No such device" in writer.communicate(timeout=10)[1]
    assert refusal(os.kill, pid, 0) == "ESRCH" or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    assert os.listdir(directory) == []
    assert simhost("unmount", directory) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_unmount(tmp_path: Path, number: int) -> None:
    directory = tmp_path / "fleet"
    pid = mounting.mount(directory, ["mtty"])
    assert (directory / "mtty/sys").is_dir()
    os.kill(pid, number)
    wait_for(lambda: not mounting.is_running(pid))
    assert not os.path.ismount(directory)
    assert os.listdir(directory) == []


# Serves nothing, and leaves the lock of the C library's stderr to a thread that has ended.
LOCKED = """
import ctypes, sys, threading
from ansible_collections.vfio.devices.tests.simhost import __main__ as command
libc = ctypes.CDLL(None)
stderr = ctypes.c_void_p.in_dll(libc, "stderr")
def serve(directory, hosts):
    thread = threading.Thread(target=libc.flockfile, args=[stderr])
    thread.start()
    thread.join()
command.mounting.serve = serve
sys.exit(command.main(["mount", "--foreground", sys.argv[1], "mtty"]))
"""


def test_daemon_ends_if_libfuse_leaves_stderr_locked(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", LOCKED, tmp_path], check=False, timeout=10).returncode == 0


def test_mount_of_a_crashed_daemon_is_repaired(tmp_path: Path) -> None:
    directory = tmp_path / "fleet"
    os.kill(mounting.mount(directory, ["mtty"]), signal.SIGKILL)
    wait_for(lambda: refusal(os.listdir, directory) == "ENOTCONN")
    assert simhost("mount", directory, "mdpy") == 0
    assert set(os.listdir(directory)) == {".simhost", "mdpy"}
    os.kill(status_pid(directory), signal.SIGKILL)
    wait_for(lambda: refusal(os.listdir, directory) == "ENOTCONN")
    assert simhost("unmount", directory) == 0
    assert os.listdir(directory) == []


def status_pid(directory: Path) -> int:
    return int(mounting.request(directory, command="status")["pid"])


def test_faults_and_reboot(fleet: Path) -> None:
    host, name = fleet / "mtty", fleet / "mtty" / KIND / "name"
    assert simhost("fault", host, f"{KIND}/name", "EIO", "--times", 1) == 0
    assert [refusal(name.read_bytes) for _dummy in range(2)] == ["EIO", None]
    assert simhost("fault", host, f"{KIND}/name", "EINVAL") == 0
    assert refusal(name.read_bytes) == "EINVAL"
    assert simhost("clear-faults", host) == 0
    assert refusal(name.read_bytes) is None
    (host / KIND / "create").write_text(UUID)
    (host / "run/once/below").mkdir(parents=True)
    assert simhost("reboot", host) == 0
    (host / "run/once/below").mkdir(parents=True)
    assert list((host / "sys/bus/mdev/devices").iterdir()) == []
    assert simhost("reboot", host, "--late", "mtty=0.1") == 0
    wait_for(name.exists)


def test_interface_and_json(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simhost("interface", fleet / "t4-1", "eno1", "down") == 0
    assert (fleet / "t4-1/sys/class/net/eno1/operstate").read_text() == "down\n"
    capsys.readouterr()
    assert simhost("status", fleet, "--json") == 0
    assert json.loads(capsys.readouterr().out)["hosts"]["t4-1"]["profile"] == "t4"


def test_mount_over_a_mount(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simhost("mount", fleet, "mtty") == 1
    assert "is mounted already: unmount it first" in capsys.readouterr().err


def test_sriov_manage_runs_from_the_mount(tmp_path: Path) -> None:
    directory = tmp_path / "fleet"
    mounting.mount(directory, ["a40"])
    tool = directory / "a40/usr/lib/nvidia/sriov-manage"
    numvfs = directory / "a40/sys/bus/pci/devices/0000:41:00.0/sriov_numvfs"
    for option, expected in (("-d", "0\n"), ("-e", "32\n")):
        subprocess.run([tool, option, "0000:41:00.0"], check=True)
        assert numvfs.read_text() == expected
    again = subprocess.run([tool, "-e", "0000:41:00.0"], check=True, capture_output=True, text=True)
    assert "already enabled" in again.stdout
    mounting.unmount(directory)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mount", "{}", "t5"], "unknown profile 't5'; known are"),
        (["mount", "{}", "t4=x"], "the count must be a positive number"),
        (["mount", "{}", "t4", "t4"], "two hosts would be named 't4'"),
        (["status", "{}"], "is not a mounted fleet"),
        (["hold", "{}/t4", UUID], "is not a mounted fleet"),
    ],
)
def test_bad_input(tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert simhost(*(word.format(tmp_path) for word in words)) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["hold", "{}/nobody", UUID], "there is no host 'nobody'; there are mtty"),
        (["hold", "{}/mtty", UUID], "ENODEV"),
        (["fault", "{}/mtty", "sys", "EWHAT"], "'EWHAT' is not the name of an errno"),
        (["interface", "{}/mtty", "eth9", "up"], "there is no interface 'eth9'"),
    ],
)
def test_bad_requests(fleet: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert simhost(*(word.format(fleet) for word in words)) == 1
    assert sentence in capsys.readouterr().err


def test_missing_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(mounting.MountError, match="install the package fuse3"):
        mounting.check_requirements()


def test_a_recording_is_mounted_beside_simulated_hosts(tmp_path: Path) -> None:
    directory = tmp_path / "fleet"
    recording = Path(__file__).parents[2] / "recordings/hosts/notes-t4/recording.txt"
    mounting.mount(directory, [str(recording), "t4"])
    card = directory / "notes-t4/sys/bus/pci/devices/0000:af:00.0"
    assert (card / "sriov_totalvfs").read_text() == "16\n"
    assert (card / "driver").resolve().name == "nvidia"
    with pytest.raises(OSError, match="Permission denied"):
        (card / "sriov_totalvfs").write_text("1")
    mounting.unmount(directory)
