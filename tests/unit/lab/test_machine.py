# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the lab finds and ends its machine only by process id."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.vfio.devices.tests.lab import LabError, image, machine

Process = subprocess.Popen[bytes]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a run."""
    monkeypatch.setattr(machine, "RUN", tmp_path)
    monkeypatch.setattr(image, "LAB", tmp_path)
    return tmp_path


@pytest.fixture
def sleeper(run: Path) -> Iterator[Process]:
    """Start a process with the path of the pid file among its arguments, like QEMU."""
    process = subprocess.Popen([sys.executable, "-c", "input()", str(run / "pid")], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("content", [None, "", "no number", "999999999"])
def test_nothing_runs(run: Path, content: str | None) -> None:
    if content is not None:
        (run / "pid").write_text(content)
    assert machine.running() is None
    machine.stop()
    with pytest.raises(LabError, match="not running"):
        machine.running_machine()


def test_own_process_is_ended(run: Path, sleeper: Process) -> None:
    (run / "pid").write_text(f"{sleeper.pid}\n")
    assert machine.wait(lambda: machine.running() == sleeper.pid, 10)
    machine.stop()
    assert machine.running() is None
    assert not (run / "pid").exists()


def test_process_that_got_the_number_later_is_left_alone(run: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (run / "pid").write_text(f"{other.pid}\n")
    assert machine.running() is None
    machine.stop()
    assert other.poll() is None
    other.communicate()


def test_ansible_cannot_take_it_for_the_lab_of_another_checkout(run: Path) -> None:
    lab = machine.Machine(image.Image(run))
    lab._describe(2222)
    (host,) = yaml.safe_load(lab.inventory.read_text())["all"]["hosts"].values()
    # Ansible looks up a connection by these two values.
    assert (host["ansible_host"], host["ansible_port"]) == ("127.0.0.1", 2222)
    assert lab.ssh_config.read_text().splitlines()[:3] == ["Host lab 127.0.0.1", "  HostName 127.0.0.1", "  Port 2222"]


@pytest.mark.parametrize(
    ("said", "answers", "reason"),
    [
        ("[    1.0] Linux\n", True, None),
        (
            "[  709.2] rcu: rcu_preempt kthread starved for 5252 jiffies!\n",
            True,
            "an emulated processor stood still for 21 s or more",
        ),
        ("[    1.0] Linux\n", False, "the machine no longer answers"),
    ],
)
def test_fault(run: Path, monkeypatch: pytest.MonkeyPatch, said: str, answers: bool, reason: str | None) -> None:
    lab = machine.Machine(image.Image(run))
    monkeypatch.setattr(lab, "_reachable", lambda: answers)
    monkeypatch.setattr(machine, "ANSWER_SECONDS", 0)
    lab.console.write_text(said)
    assert lab.fault() == reason


def test_fingerprint_follows_what_the_image_is_made_from(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fingerprint(directory: str, setup: str) -> str:
        guest = run / directory
        guest.mkdir()
        (guest / "packages").write_text("kmod\n- make\n")
        (guest / "setup").write_text(setup)
        monkeypatch.setattr(image, "GUEST", guest)
        return image.fingerprint()

    assert fingerprint("here", "true\n") == fingerprint("elsewhere", "true\n") != fingerprint("later", "false\n")
    assert image.packages() == (["kmod"], ["make"])
    with pytest.raises(LabError, match="has to be built"):
        image.built()


@pytest.mark.parametrize("file", sorted(image.HERE.glob("[!t]*.py")), ids=lambda file: file.stem)
def test_the_guest_has_what_its_files_import(file: Path) -> None:
    """The guest has only PARTS of the checkout."""
    imports = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
    assert [node.module for node in imports if node.level > 1] == []
