# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import interpreter
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot
from ansible_collections.vfio.devices.tests.simhost.tree import Directory, File, Link

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to root")
# Files, directories and links of a host, the requested interpreter, and the expected problem or None.
TREES = {
    "system": ({"usr/bin/python3": Link("python3.11"), "usr/bin/python3.11": 0o755}, "/usr/bin/python3", None),
    "read-only": ({"usr/bin/p": 0o555}, "/usr/bin/p", None),
    "merged": ({"bin": Link("usr/bin"), "usr/bin/p": 0o755}, "/bin/p", None),
    "alternatives": (
        {"usr/bin/p": Link("/etc/alternatives/p"), "etc/alternatives/p": Link("../../usr/bin/p3"), "usr/bin/p3": 0o755},
        "/usr/bin/p",
        None,
    ),
    "none": ({}, "/usr/bin/p", "does not exist: there is no /usr/bin/p"),
    "link to nothing": (
        {"usr/bin/p": Link("p3")},
        "/usr/bin/p",
        "does not exist: there is no /usr/bin/p3",
    ),
    "a circle": ({"usr/bin/p": Link("p")}, "/usr/bin/p", "too many symbolic links"),
    "a directory": ({"usr/bin/p/x": 0o755}, "/usr/bin/p", "is not a program: /usr/bin/p is no file"),
    "below a file": ({"usr/bin/p": 0o755}, "/usr/bin/p/x", "does not exist"),
    "not executable": ({"usr/bin/p": 0o644}, "/usr/bin/p", "is not a program: /usr/bin/p is not executable"),
    "written by a group": ({"usr/bin/p": 0o775}, "/usr/bin/p", r"other users may write to /usr/bin/p \(mode 0775\)"),
    "written by all": ({"usr/bin/p": 0o757}, "/usr/bin/p", "other users may write to /usr/bin/p"),
    "in a directory of all": ({"tmp": Directory(0o1777), "tmp/p": 0o755}, "/tmp/p", "other users may write to /tmp "),
    "link out of a directory of all": (
        {"tmp": Directory(0o1777), "tmp/p": Link("/usr/bin/p"), "usr/bin/p": 0o755},
        "/tmp/p",
        "other users may write to /tmp ",
    ),
    "link into a directory of all": (
        {"opt/v": Directory(0o777), "opt/v/p": 0o755, "usr/bin/p": Link("../../opt/v/p")},
        "/usr/bin/p",
        "other users may write to /opt/v ",
    ),
    "link to the root": ({"usr/bin/p": Link("/")}, "/usr/bin/p", "is not a program"),
    "through dots": ({"usr/bin/p": 0o755}, "/usr/./lib/../bin/p", None),
}


def add(host, tree):
    for path, what in tree.items():
        host.kernel.tree.directory(path.rpartition("/")[0])
        host.kernel.tree.add(path, File(b"", what) if isinstance(what, int) else what)


@pytest.mark.parametrize("tree", TREES)
def test_files_on_the_way(simulated, tree):
    host = simulated("empty")
    files, path, expected = TREES[tree]
    host.files.unlink("usr/bin/python3")
    add(host, files)
    said = interpreter.problem(host.root(), path)
    if expected is None:
        assert said is None
    else:
        assert said.startswith(f"python {path} ")
        assert re.search(expected, said)


@pytest.mark.parametrize("owned", ["usr/bin/p", "usr/bin", "usr"])
def test_what_belongs_to_somebody_else(simulated, monkeypatch, owned):
    host = simulated("empty")
    add(host, {"usr/bin/p": 0o755})
    status = host.files.status
    monkeypatch.setattr(host.files, "status", lambda path: (status(path)[0], 1000 if path == owned else 0))
    assert f"/{owned} belongs to user 1000" in interpreter.problem(host.root(), "/usr/bin/p")


@pytest.mark.parametrize("path", ["python3", '/usr/bin/py"thon', "/x\n", "/100%", "", "/usr/bin/$x", "/\u00e9"])
def test_paths_that_a_unit_cannot_have(simulated, path):
    assert interpreter.problem(simulated("empty").root(), path).startswith("python must be the absolute path")


def test_the_usual_name_comes_first_and_old_ones_never(simulated):
    host = simulated("empty")
    assert interpreter.find(host.root()) == "/usr/bin/python3"
    host.files.unlink("usr/bin/python3")
    assert interpreter.find(host.root()) is None
    add(host, {"usr/bin/python3.8": 0o755, "usr/local/bin/python3": 0o755, "root/.pyenv/shims/python3": 0o755})
    assert interpreter.find(host.root()) == "/usr/local/bin/python3"
    add(host, {"usr/bin/python3.9": 0o755, "usr/bin/python3.12": 0o777, "usr/bin/python3.11": 0o755})
    assert interpreter.find(host.root()) == "/usr/bin/python3.11"


# On the running system


@pytest.fixture
def program():
    """Create a program that only root may change and that prints text."""
    made = []

    def make(*lines):
        directory = "/usr/local/lib/vfio-devices-test"
        os.makedirs(directory, mode=0o755, exist_ok=True)
        path = f"{directory}/python{len(made)}"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(["#!/bin/sh", *lines, ""]))
        os.chmod(path, 0o755)
        made.append(path)
        return path

    yield make
    for path in made:
        os.unlink(path)
    if made:
        os.rmdir(os.path.dirname(made[0]))


@ROOT_ONLY
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["echo 3.9"], None),
        (["echo 3.14"], None),
        (["echo 3.8"], "is Python 3.8. The program needs 3.9 or later"),
        (["echo 2.7"], "is Python 2.7. The program needs 3.9 or later"),
        (["true"], "is not a Python interpreter. Its version output is ''"),
        (['echo "$@"'], "is not a Python interpreter"),
        (["printf '3.%05000d' 9"], "is not a Python interpreter"),
        (["exit 3"], "cannot be run: .* failed with status 3"),
    ],
)
def test_it_is_asked_for_its_version(program, lines, expected):
    said = interpreter.problem(HostRoot("/"), program(*lines))
    assert said is None if expected is None else re.search(expected, said)


@ROOT_ONLY
def test_one_that_never_answers_costs_a_deadline(program, monkeypatch):
    monkeypatch.setattr(interpreter, "PATIENCE", 0.2)
    begin = time.monotonic()
    assert "did not finish within 0.2 s" in interpreter.problem(HostRoot("/"), program("exec sleep 600"))
    assert time.monotonic() - begin < 5


@ROOT_ONLY
def test_system_of_the_tests_has_one():
    found = interpreter.find(HostRoot("/"))
    assert found in interpreter.LASTING
