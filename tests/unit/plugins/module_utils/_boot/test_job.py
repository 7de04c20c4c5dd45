# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import hashlib
import re

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import archive, job
from ansible_collections.vfio.devices.plugins.module_utils._boot import files as boot_files
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot
from ansible_collections.vfio.devices.plugins.module_utils._site.settings import is_boot_due

PYTHON = "/usr/bin/python3"
PATHS = [*boot_files.PATHS, *boot_files.links()]


@pytest.fixture
def run(simulated):
    host = simulated("empty")

    def one(present=True, python=PYTHON, timeout=60.0, check=False, root=None):
        return job.converge(root or host.root(), present, python, timeout, check)

    one.host = host
    return one


def actions(result):
    return [file["action"] for file in result["files"]]


def test_life(run):
    predicted = run(check=True)
    assert not run.host.files.exists(PATHS[0])
    assert run() == predicted
    assert actions(predicted) == ["created"] * 5
    assert run.host.files.link(boot_files.ENABLED) == f"/{boot_files.UNIT}"
    assert not run()["changed"]
    assert actions(run(timeout=90.0)) == ["kept", "replaced", "replaced", "kept", "kept"]
    predicted = run(present=False, check=True)
    assert run(present=False) == predicted
    assert actions(predicted) == ["removed"] * 5
    assert not [path for path in PATHS if run.host.files.exists(path)]
    again = run(present=False)
    assert (again["changed"], actions(again)) == (False, ["absent"] * 5)


def difference(result):
    """Map each path to its content before and after."""
    assert all(diff["before_header"] == diff["after_header"] for diff in result["diff"])
    # Otherwise Ansible prints "\\ No newline at end of file" for each.
    assert all(not text or text.endswith("\n") for diff in result["diff"] for text in (diff["before"], diff["after"]))
    return {diff["after_header"].lstrip("/"): (diff["before"], diff["after"]) for diff in result["diff"]}


def test_difference_has_the_sizes_of_new_files_and_a_checksum(run):
    found = difference(run())
    assert list(found) == PATHS
    assert {before for before, _after in found.values()} == {None}
    program = found[boot_files.PROGRAM][1]
    assert re.match(r"program of [0-9]+ bytes, SHA-256 [0-9a-f]{64}\n\Z", program)
    assert re.match(r"file of [0-9]+ bytes\n\Z", found[boot_files.UNIT][1])
    assert found[boot_files.ENABLED][1] == f"link to /{boot_files.UNIT}\n"


def test_difference_has_only_files_that_change(run):
    run()
    assert run(check=True)["diff"] == []
    found = difference(run(timeout=90.0, check=True))
    assert list(found) == [boot_files.UNIT, boot_files.UNIT_OF_CARD]
    for before, after in found.values():
        assert before.replace("--timeout 60", "--timeout 90").replace("Sec=600", "Sec=900") == after
    assert all(after is None for _before, after in difference(run(present=False, check=True)).values())


# A manual change, a power failure, or an older version of this collection.
@pytest.mark.parametrize("spoil", ["change", "cut", "empty", "remove"])
@pytest.mark.parametrize("path", PATHS)
def test_drift_is_mended(run, path, spoil):
    run()
    files = run.host.files
    if path in boot_files.links():
        content = None if spoil == "remove" else f"../{path.rpartition('/')[2]}"
    else:
        text = files.read(path)
        content = {"change": text + b"#", "cut": text[:600], "empty": b"", "remove": None}[spoil]
    files.unlink(path)
    if isinstance(content, bytes):
        files.replace(path, content)
    elif content:
        files.symlink(path, content)
    assert run(check=True)["changed"]
    assert run()["changed"]
    assert not run()["changed"]


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("kind", ["file", "directory", "link to nothing", "link to a file of ours"])
@pytest.mark.parametrize("path", PATHS)
def test_files_of_others_are_left_alone(run, path, kind, present):
    files = run.host.files
    if kind == "file":
        files.replace(path, b"[Service]\nEnvironment=PASSWORD=secret\n")
    elif kind == "directory":
        files.replace(f"{path}/file", b"")
    else:
        target = "/dev/null" if kind == "link to nothing" else "/etc/ours"
        files.replace("etc/ours", boot_files.HEADER.encode())
        files.symlink(path, target)
    for check in (True, False):
        with pytest.raises(
            Refused, match=f"/simulated/{path} .*is not changed. Move it with: mv /simulated"
        ) as refused:
            run(present=present, check=check)
        assert "secret" not in str(refused.value)
        assert [other for other in PATHS if other != path and files.exists(other)] == []


def test_unfinished_files_of_a_killed_run_go(run):
    left = f"{boot_files.UNITS}/.x.vfio-devices-new"
    run.host.files.replace(left, b"")
    run()
    assert not run.host.files.exists(left)


def test_what_does_not_stay_is_told(run):
    replace = run.host.files.replace
    run.host.files.replace = lambda path, data: replace(path, b"else" if path == boot_files.RULE else data)
    with pytest.raises(HostError, match="90-vfio-devices-restore.rules differs from the written content"):
        run()


@pytest.mark.parametrize("python", ["python3", "/no/such/python"])
@pytest.mark.parametrize("check", [True, False])
def test_interpreter_that_is_none(run, python, check):
    with pytest.raises(Refused, match="python "):
        run(python=python, check=check)
    assert not [path for path in PATHS if run.host.files.exists(path)]
    assert not run(present=False, python=python)["changed"]


def test_without_an_option_it_is_a_lasting_one(run):
    run(python=None)
    assert b'"/usr/bin/python3" -I' in run.host.files.read(boot_files.UNIT)


def test_host_without_an_interpreter(run):
    run.host.files.unlink("usr/bin/python3")
    with pytest.raises(Refused, match=r"this host has no Python 3\.9 or later, .* set boot_python to"):
        run(python=None)


@pytest.mark.parametrize("path", boot_files.PATHS)
def test_file_that_others_may_write_is_replaced(run, path):
    run()
    node = run.host.kernel.tree.nodes[path]
    node.mode |= 0o022
    before, _after = difference(run(check=True))[path]
    assert before == "other users than root may write it: owner 0, mode 0666\n"
    assert actions(run())[PATHS.index(path)] == "replaced"
    assert not run()["changed"]


@pytest.mark.parametrize("path", PATHS[:4])
def test_empty_file_is_mended_and_seen_in_check_mode(run, path):
    run()
    run.host.files.replace(path, b"")
    seen = run(check=True)
    assert actions(seen)[PATHS.index(path)] == "replaced"
    before, after = difference(seen)[path]
    assert before == (
        "program of 0 bytes, SHA-256 " + hashlib.sha256(b"").hexdigest() + "\n" if path == PATHS[0] else ""
    )
    assert after
    assert run()["changed"]
    assert not run()["changed"]


class Systemctl:
    """A fake ``systemctl``; ``calls`` records its arguments."""

    def __init__(self):
        self.calls = []

    def find(self, name):
        return name

    def start(self, path, arguments, lock=None):
        if path == "systemctl":
            self.calls.append([path, *arguments])
        return self

    def poll(self):
        return type("Output", (), {"status": 0, "text": "3.11", "errors": ""})


@pytest.mark.parametrize(("root", "booted", "told"), [("/", True, True), ("/", False, False), ("/host", True, False)])
def test_systemd_of_the_running_system_is_told(run, root, booted, told):
    if booted:
        run.host.files.replace("run/systemd/system/x", b"")
    systemctl = Systemctl()

    def door():
        return HostRoot(root, files=run.host.files, tools=systemctl)

    assert run(check=True, root=door())["reloaded"] is told
    assert systemctl.calls == []
    assert run(root=door())["reloaded"] is told
    assert run(root=door())["reloaded"] is False
    assert run(present=False, root=door())["reloaded"] is told
    assert systemctl.calls == [["systemctl", "daemon-reload"]] * 2 * told


class Killed(BaseException):
    """The end of a process by SIGKILL, for which none of our handlers runs."""


class Counted:
    """Files of a host whose n-th change is replaced; ``stale`` while systemd must reload."""

    def __init__(self, files, number, action):
        self.files, self.number, self.action = files, number, action
        self.stale = False

    def __getattr__(self, name):
        def call(path, *arguments):
            self.number -= 1
            if self.number == 0:
                self.action()
            result = getattr(self.files, name)(path, *arguments)
            self.stale = self.stale or path.startswith(boot_files.UNITS)
            return result

        return call if name in ("replace", "symlink", "unlink") else getattr(self.files, name)


def kill():
    raise Killed


def fill():
    raise OSError(errno.ENOSPC, "")


@pytest.mark.parametrize("end", [kill, fill])
@pytest.mark.parametrize("change", [{}, {"timeout": 90.0}, {"present": False}])
def test_systemd_learns_what_a_run_without_an_end_has_written(simulated, monkeypatch, change, end):
    # Building the program takes a second.
    program = boot_files.HEADER.encode()
    monkeypatch.setattr(archive, "build", lambda: program)
    arguments = {"present": True, "python": PYTHON, "timeout": 60.0, "check_mode": False}
    for number in range(1, 20):
        host = simulated("empty")
        host.files.replace("run/systemd/system/x", b"")
        files, systemctl = Counted(host.files, 0, end), Systemctl()
        systemctl.start = lambda path, words, lock=None, files=files, found=systemctl: (
            setattr(files, "stale", files.stale and words != ["daemon-reload"]) or found
        )

        def door(files=files, systemctl=systemctl):
            return HostRoot("/", files=files, tools=systemctl)

        if change:
            job.converge(door(), **arguments)
        files.number = number
        try:
            job.converge(door(), **{**arguments, **change})
            break
        except (Killed, HostError):
            pass
        left = files.stale
        wanted = {**arguments, **change}
        due = is_boot_due(door(), wanted["present"], PYTHON, wanted["timeout"], hashlib.sha256(program).hexdigest())
        predicted = job.converge(door(), **{**wanted, "check_mode": True})
        assert due and predicted["changed"] and predicted["reloaded"] >= left, number
        assert job.converge(door(), **wanted) == predicted, number
        assert not files.stale, number
        assert not job.converge(door(), **wanted)["changed"], number
    assert number > 3


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("place", ["usr/*", "etc/systemd/*", "etc/udev/*"])
@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "free some space there"), (errno.EROFS, "mount it read-write")]
)
def test_a_disk_without_room_is_found_before_the_first_file(run, place, number, remedy, check):
    run.host.kernel.faults.fail(place, number, operations=("write",))
    with pytest.raises(Refused, match=f"{errno.errorcode[number]}.*{remedy}"):
        run(check=check)
    assert not [path for path in PATHS if run.host.files.exists(path)]


def test_a_full_disk_does_not_keep_the_files_from_being_removed(run):
    run()
    run.host.files.try_room = lambda *arguments: fill()
    assert run(present=False)["changed"]
