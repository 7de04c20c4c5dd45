# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import stat

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._host import durable_files, replacement
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError
from ansible_collections.vfio.devices.plugins.module_utils._run import managed_files
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

FORMER = "# Settings of nova, made by vfio.devices. Changes made by hand get lost.\n"
HEADER = "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n"
OURS = f"{HEADER}[pci]\n"
NEW = f"{HEADER}[devices]\n"
SECRET = "[DEFAULT]\ntransport_url = rabbit://nova:secret@mq\n"
PATH = "/etc/nova/nova.conf"
SUGGESTION = "/etc/nova/nova.conf.d/50-vfio-devices.conf"


def requested(path=PATH, content=None, **options):
    defaults = {"variable": "nova_config_path", "suggestion": SUGGESTION, "owner": "", "group": "", "mode": ""}
    return managed_files.Requested(path=path, content=content, **{**defaults, **options})


class Host:
    """A separate file system on which the files are written."""

    def __init__(self, root):
        self.root = root

    def __call__(self, *files, check=False):
        return managed_files.converge(str(self.root), list(files), check)

    def refusal(self, *files):
        """Return the problems; check that check mode reports the same and that neither run changes anything."""
        before = self.state()
        with pytest.raises(Refused) as predicted:
            self(*files, check=True)
        with pytest.raises(Refused) as refused:
            self(*files)
        assert self.state() == before
        assert refused.value.problems == predicted.value.problems
        return refused.value.problems

    def file(self, path, text=None, mode=0o640):
        file = self.root / path.lstrip("/")
        if text is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(mode)
        return file

    def state(self):
        found = {}
        for path in self.root.rglob("*"):
            status = path.lstat()
            text = path.read_text() if stat.S_ISREG(status.st_mode) else None
            found[str(path)] = (text, status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, status.st_ino)
        return found


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_life(host):
    predicted = host(requested(content=OURS), check=True)
    assert not host.state()
    result = host(requested(content=OURS))
    assert result == predicted
    assert result.files == [{"path": f"{host.root}{PATH}", "action": "created"}]
    assert stat.S_IMODE(host.file(PATH).stat().st_mode) == 0o644
    host.file(PATH).chmod(0o640)
    assert not host(requested(content=OURS)).changed
    predicted = host(requested(content=NEW), check=True)
    result = host(requested(content=NEW))
    assert result == predicted
    assert result.files[0]["action"] == "replaced"
    (diff,) = result.diff
    assert (diff["before"], diff["after"]) == (OURS, NEW)
    assert diff["before_header"] == diff["after_header"] == f"{host.root}{PATH}"
    assert stat.S_IMODE(host.file(PATH).stat().st_mode) == 0o640
    predicted = host(requested(content=""), check=True)
    result = host(requested(content=""))
    assert result == predicted
    assert result.files[0]["action"] == "removed"
    result = host(requested(content=""))
    assert (result.changed, result.files[0]["action"]) == (False, "absent")


@pytest.mark.parametrize("access", [{}, {"mode": "0600"}], ids=["header only", "mode too"])
def test_a_header_of_an_earlier_version_is_renewed_without_a_restart(host, access):
    file = host.file(PATH, OURS.replace(HEADER, FORMER))
    predicted = host(requested(content=OURS, **access), check=True)
    result = host(requested(content=OURS, **access))
    assert result == predicted
    assert (result.changed, result.restart) == (True, bool(access))
    assert result.files[0]["action"] == ("replaced" if access else "renewed")
    assert file.read_text() == OURS
    result = host(requested(content=OURS))
    assert (result.changed, result.restart) == (False, False)
    file.write_text(OURS.replace(HEADER, FORMER))
    assert host(requested(content=NEW)).restart


def test_mode_and_owner_of_what_exists_stay_unless_they_are_asked_for(host):
    owner = (1, 1) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    file = host.file(PATH, OURS)
    os.chown(file, *owner)
    host(requested(content=NEW))
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (*owner, 0o640)
    result = host(requested(content=NEW, mode="0600"), check=True)
    assert result.files[0]["action"] == "adjusted"
    assert "mode 0600" in result.diff[0]["after"]
    assert host(requested(content=NEW, mode="0600", owner=str(owner[0]))) == result
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not host(requested(content=NEW, mode="0600")).changed


@pytest.mark.parametrize("content", [None, OURS, ""], ids=["look", "write", "remove"])
def test_a_file_of_others_is_neither_replaced_nor_removed_nor_shown(host, content):
    place = host.file(PATH, SECRET)
    (problem,) = host.refusal(requested(content=content))
    assert problem == (
        f"{place} (nova_config_path) was not written by this collection, and is not changed. To continue, set "
        f"nova_config_path: {SUGGESTION}"
    )


def test_a_path_without_a_variable_is_named_with_what_to_run(host):
    path = "/etc/modules-load.d/vfio-devices.conf"
    place = host.file(path, "vfio-pci\n")
    (problem,) = host.refusal(requested(path, OURS, variable=""))
    assert problem == (
        f"{place} was not written by this collection, and is not changed. To continue, mv {place} {place}.saved"
    )
    place.write_text("")
    assert host(requested(path, OURS, variable="")).changed


def test_only_a_default_path_is_to_be_moved(host):
    place = host.file(SUGGESTION, SECRET)
    (problem,) = host.refusal(requested(SUGGESTION, OURS))
    assert problem.endswith(f"to another path, or if nothing needs the file, mv {place} {place}.saved")
    (problem,) = host.refusal(requested(SUGGESTION, OURS, suggestion=""))
    assert problem.endswith("To continue, set nova_config_path to another path")


@pytest.mark.parametrize("kind", ["directory", "link to ours", "link to nothing", "FIFO"])
def test_what_is_no_file_is_refused_with_another_path(host, kind):
    place = host.file("/etc/ours", OURS).parent / "place"
    if kind == "directory":
        place.mkdir()
    elif kind == "FIFO":
        os.mkfifo(place)
    else:
        place.symlink_to("ours" if kind == "link to ours" else "/nothing")
    for content in (None, NEW, ""):
        (problem,) = host.refusal(requested("/etc/place", content))
        assert "(nova_config_path) is a" in problem
        assert problem.endswith(f"set nova_config_path: {SUGGESTION}")


def test_the_link_that_enables_the_boot_unit_may_be_looked_at_only(host):
    path = "/etc/systemd/system/multi-user.target.wants/vfio-devices-restore.service"
    link = host.file(path)
    link.parent.mkdir(parents=True)
    link.symlink_to("/etc/systemd/system/vfio-devices-restore.service")
    assert not host(requested(path, variable="")).changed
    for content in (OURS, ""):
        (problem,) = host.refusal(requested(path, content, variable=""))
        assert "is a symbolic link" in problem


@pytest.mark.parametrize(
    ("path", "writer"),
    [
        ("/usr/local/lib/vfio-devices-restore.pyz", "module boot_restore"),
        ("/etc/udev/rules.d/90-vfio-devices-0000:3b:00.0.rules", "module sriov_pf_mode"),
        ("/etc/vfio-devices/mdev_instance/mtty.json", "module mdev_instance"),
        ("/etc/modprobe.d/vfio-devices-nouveau.conf", "role iommu"),
    ],
)
@pytest.mark.parametrize("content", [None, OURS, ""], ids=["look", "write", "remove"])
def test_no_variable_is_the_path_of_another_file_of_this_collection(host, path, writer, content):
    host.file(path, "# Managed by vfio.devices.iommu. Manual changes are overwritten.\n")
    (problem,) = host.refusal(requested(path, content))
    assert problem == (
        f"nova_config_path must not be {path}, because {writer} writes this file. Set nova_config_path: {SUGGESTION}"
    )


@pytest.mark.parametrize(
    "other",
    [
        "# Managed by vfio.devices.cyborg_config. Manual changes are overwritten.\n",
        "# Settings of Cyborg, made by vfio.devices. Changes made by hand get lost.\n",
        "# Managed by vfio.devices.iommu. Manual changes are overwritten.\n",
        '{"generator": "vfio.devices"}',
        "host,groups,kernel,card,model,ids,kind,numa_node,driver,driver_version,profile,",
    ],
)
def test_another_file_of_this_collection_is_not_replaced(host, other):
    place = host.file(PATH, other)
    (problem,) = host.refusal(requested(content=OURS))
    advice = f"To continue, set nova_config_path: {SUGGESTION}"
    assert problem == f"{place} is another file of this collection, and is not replaced. {advice}"
    assert host(requested(content="")).files[0]["action"] == "removed"


@pytest.mark.parametrize("content", [None, ""], ids=["check", "remove"])
def test_a_file_of_others_may_remain_if_nothing_is_written(host, content):
    place = host.file(PATH, SECRET)
    result = host(requested(content=content, ignore_others=True))
    assert (result.changed, result.restart, place.read_text()) == (False, False, SECRET)
    host.refusal(requested(content=NEW, ignore_others=True))
    place.write_text(OURS)
    assert host(requested(content="", ignore_others=True)).files[0]["action"] == "removed"
    os.symlink("/nowhere", place)
    assert not host(requested(content=content, ignore_others=True)).changed
    assert place.is_symlink()


def test_a_file_that_is_too_large_to_be_ours_is_not_read(host):
    os.truncate(host.file(PATH, OURS), 1 << 40)
    with pytest.raises(Refused, match="was not written by this collection"):
        host(requested(content=NEW))


@pytest.mark.parametrize("content", [NEW, ""], ids=["write", "remove"])
def test_what_cannot_be_written_is_known_before_the_first_write(host, monkeypatch, content):
    place = host.file(PATH, OURS)
    wanted = [requested("/etc/first", OURS, variable="cyborg_config_path"), requested(content=content)]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(place))
    (problem,) = host.refusal(*wanted)
    assert f"{place} cannot be {'replaced' if content else 'removed'}: EPERM (Operation not permitted). Run" in problem
    assert "(lsattr)" in problem
    monkeypatch.undo()

    def full(path, size):
        if path == str(place.parent):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(durable_files, "look_for_room", full)
    (problem,) = host.refusal(*wanted)
    assert problem.endswith(": ENOSPC (No space left on device). Its file system is full: free some space there")


def test_a_file_where_a_directory_is_needed(host):
    host.file("/etc/nova", SECRET)
    (problem,) = host.refusal(requested(content=OURS))
    assert f"needs {host.root}/etc/nova, which is not a directory" in problem


WRONG_PATHS = [
    "",
    "/",
    "//",
    "etc/nova.conf",
    "./nova.conf",
    "~/nova.conf",
    "$HOME/nova.conf",
    "/etc/../etc/nova.conf",
    "/etc/..",
    "/..",
    "/etc/./nova.conf",
    "/etc/nova.d/",
    "/etc//nova.conf",
    "//etc/nova.conf",
    "/etc/nova.conf\n",
    "/etc/no\nva.conf",
    "/etc/no\0va.conf",
    "/etc/no\x1bva.conf",
    "/etc/no\x7fva.conf",
    "/etc/no\x85va.conf",
    "/etc/no\u2028va.conf",
    "/etc/no\udc80va.conf",
    "/etc/" + "n" * 256,
    "/n" * 3000,
    "/proc/1/nova.conf",
    "/sys/nova.conf",
]


@pytest.mark.parametrize("path", WRONG_PATHS, ids=lambda path: ascii(path)[:30])
@pytest.mark.parametrize("content", [None, OURS, ""], ids=["look", "write", "remove"])
def test_a_wrong_path_is_refused_by_the_name_of_its_variable(host, path, content):
    (problem,) = host.refusal(requested(path, content))
    assert problem.startswith("nova_config_path must be the absolute path of a file outside /proc and /sys, ")
    assert problem.endswith(". Set nova_config_path: /etc/nova/nova.conf.d/50-vfio-devices.conf")
    assert problem.isprintable()
    assert len(problem) < 600


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
@given(
    path=st.text(alphabet=st.sampled_from("/.~ a\0\n\x1b\ud800é*"), max_size=12),
    text=st.sampled_from([OURS, "", None, "no header", "\udc80"]),
    mode=st.sampled_from(["", "0644", "644", "u=rw", "99999", "0o644", "٠644", "-0644"]),
    owner=st.sampled_from(["", "root", "0", "no such user", "-1", "4294967295", "\0"]),
)
@example(path="/a", text=OURS, mode="", owner="")
def test_whatever_is_asked_for_stays_below_the_root(tmp_path_factory, path, text, mode, owner):
    root = tmp_path_factory.mktemp("root") / "host"
    root.mkdir()
    try:
        result = Host(root)(requested(path, text, mode=mode, owner=owner))
    except (Refused, HostError) as error:
        assert str(error)
        assert not list(root.iterdir()) or isinstance(error, HostError)
        return
    finally:
        assert [entry.name for entry in root.parent.iterdir()] == ["host"]
    files = [str(entry) for entry in root.rglob("*") if entry.is_file()]
    assert files == [file["path"] for file in result.files if file["action"] == "created"]


@pytest.mark.parametrize("mode", ["64", "u=rw", "0o640", "0999", "064000", "0640\n", "٠640", "-640"])
def test_a_mode_that_could_be_misread_is_refused(host, mode):
    (problem,) = host.refusal(requested(content=OURS, mode=mode))
    assert problem == f"The mode of {PATH} must be octal digits in quotes such as '0640', and not {mode!r}"


def test_all_problems_are_told_at_once(host):
    host.file(PATH, SECRET)
    problems = host.refusal(
        requested(content=OURS, owner="nobody-here", group="none-here", mode="9"),
        requested("relative", OURS, variable="cyborg_config_path"),
        requested("/etc/free", "no header", variable="nova_config_provider_path"),
    )
    expected = [
        "The mode of /etc/nova/nova.conf must be",
        "/etc/nova/nova.conf cannot belong to user 'nobody-here'",
        "/etc/nova/nova.conf cannot belong to group 'none-here'",
        "cyborg_config_path must be",
        "The text for /etc/free does not begin with the header",
        f"{host.root}/etc/nova/nova.conf (nova_config_path) was not written",
    ]
    assert [problem[: len(text)] for problem, text in zip(problems, expected)] == expected
    assert len(problems) == len(expected)


def test_two_variables_cannot_have_one_path(host):
    (problem,) = host.refusal(requested(content=OURS), requested(content=NEW, variable="cyborg_config_path"))
    assert problem == (
        "nova_config_path and cyborg_config_path are both /etc/nova/nova.conf. Use a different path for each file"
    )


@pytest.mark.parametrize("root", ["relative", "/nothing/here", "/etc/hostname"])
def test_a_root_that_is_none(root):
    with pytest.raises(Refused, match="host_root must be the absolute path of a directory"):
        managed_files.converge(root, [requested(content=OURS)], False)


def test_an_owner_that_only_root_can_keep_is_refused(host, monkeypatch):
    host.file(PATH, OURS)
    monkeypatch.setattr(replacement, "may_keep", lambda uid: False)
    (problem,) = host.refusal(requested(content=NEW))
    assert ", and only root can keep this owner. Run the play with become: true" in problem
    assert not host(requested(content=OURS)).changed


def test_a_failure_tells_what_was_done_before(host, monkeypatch):
    put = replacement.write_file

    def fail_second(place, *arguments):
        if place.endswith("second"):
            raise OSError(errno.ENOSPC, "injected")
        put(place, *arguments)

    monkeypatch.setattr(replacement, "write_file", fail_second)
    with pytest.raises(HostError, match="/etc/second could not be created: ENOSPC") as failed:
        host(requested("/etc/first", OURS), requested("/etc/second", OURS))
    files = [{"path": f"{host.root}/etc/first", "action": "created"}]
    assert failed.value.result == {"changed": True, "restart": True, "files": files}


def test_what_another_program_puts_there_meanwhile_is_left_alone(host, monkeypatch):
    place = host.file(PATH, OURS)
    parse = replacement.read

    def read(path):
        place.write_text(SECRET)
        return parse(path)

    monkeypatch.setattr(replacement, "read", read)
    with pytest.raises(
        HostError, match="was replaced by another program during the run, and is not changed. Run the play again"
    ) as error:
        host(requested(content=NEW))
    assert "secret" not in str(error.value)
    assert place.read_text() == SECRET


SWAPS = {
    "a foreign file": lambda place, secret: secret.rename(place),
    "a link": lambda place, secret: place.symlink_to(secret),
    "a FIFO": lambda place, secret: os.mkfifo(place),
}


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize(
    ("module", "call", "options"),
    [
        (replacement, "read", {"content": NEW}),
        (replacement, "write_file", {"content": NEW}),
        (replacement, "set_access", {"content": OURS, "mode": "0666"}),
        (durable_files, "unlink", {"content": ""}),
    ],
    ids=["read", "replace", "adjust", "remove"],
)
def test_what_takes_the_place_of_a_file_during_the_run_is_left_alone(host, monkeypatch, swap, module, call, options):
    place, secret = host.file(PATH, OURS), host.file("/secret", SECRET, 0o600)
    real = getattr(module, call)

    def swapped(*arguments):
        place.unlink()
        SWAPS[swap](place, secret)
        return real(*arguments)

    monkeypatch.setattr(module, call, swapped)
    with pytest.raises(HostError, match="was replaced by another program|cannot be read|could not be") as error:
        host(requested(**options))
    assert "secret" not in str(error.value)
    kept = place if swap == "a foreign file" else secret
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == (SECRET, 0o600)
    assert os.path.lexists(place)


def test_a_file_that_cannot_be_read_is_refused(host, monkeypatch):
    host.file(PATH, OURS)

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "injected")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Refused, match="cannot be read: EACCES"):
        host(requested(content=NEW))
