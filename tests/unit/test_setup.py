# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the system packages that tests/setup asks for; one directory replaces the programs of the machine."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.vfio.devices.tests import attend

ROOT = attend.LOGS.parents[1]
# The Python of Debian without its package for virtual environments.
PYTHON = """#!/bin/sh
case $2 in *ensurepip*) exit 1 ;; *version_info*) echo 12 ;; esac
"""
ALL = {
    "demo": ["fuse3", "git", "python3-venv"],
    "test": ["e2fsprogs", "fuse3", "git", "python3-venv"],
    "services": ["chromium", "mdevctl", "python3-venv"],
    "lab": ["mmdebstrap", "openssh-client"],
}
# The packages of the lab and of libvirt are detected by their files.
OF_THE_MACHINE = {
    *("debian-archive-keyring", "python3-libvirt", "libvirt-daemon", "libvirt-clients"),
    "libvirt-daemon-driver-nodedev",
}


@pytest.fixture
def machine(tmp_path):
    """Return a bare machine on which tests/setup can run, and a function that adds a program to it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "env", "grep", "mkdir", "paste", "sort"):
        (programs / name).symlink_to(shutil.which(name))
    (tmp_path / "tests").mkdir()
    shutil.copy2(ROOT / "tests/setup", tmp_path / "tests/setup")

    def add(name, text):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)

    add("python3", PYTHON)
    add("id", "#!/bin/sh\necho 1000\n")
    add("apt-get", "#!/bin/sh\n")
    return tmp_path, add


def setup(place, *arguments, path=""):
    """Return the output of tests/setup."""
    variables = {"PATH": f"{path}{place}/bin", "ATTENDED": "yes"}
    command = [place / "tests/setup", *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def packages(place, *profiles):
    """Return the output of tests/setup, and the packages at its end."""
    said = setup(place, "packages", *profiles)
    named = said.rpartition("--no-install-recommends ")[2].strip(" '\n").split()
    return said, [name for name in named if name not in OF_THE_MACHINE]


def test_an_ordinary_user_gets_one_command_for_all_packages(machine):
    place, _add = machine
    said, named = packages(place, "test", "services", "lab")
    expected = {name for profile in ("test", "services", "lab") for name in ALL[profile]} - {"e2fsprogs"}
    assert named == sorted(expected | {"uidmap"})
    assert said.startswith(
        "tests/setup: system packages are missing. As root, run: apt-get update && apt-get install -y"
    )
    assert said.count("\n") == 1


def test_the_command_begins_with_sudo_where_there_is_one(machine):
    place, add = machine
    add("sudo", "#!/bin/sh\n")
    said, named = packages(place, "demo")
    assert said.startswith(
        "tests/setup: system packages are missing. Run: sudo sh -c 'apt-get update && apt-get install"
    )
    assert said.endswith("'\n")
    assert named == ALL["demo"]


@pytest.mark.parametrize("profile", ALL)
def test_root_gets_all_packages_in_one_call(machine, profile):
    place, add = machine
    add("id", "#!/bin/sh\necho 0\n")
    add("tail", "#!/bin/sh\n")
    shutil.copy2(place / "bin/apt-get", place / "tests/apt")
    (place / "tests/apt").write_text('#!/bin/sh\necho "$@" >>called\n')
    said, _named = packages(place, profile)
    (line,) = (place / "called").read_text().splitlines()
    assert [name for name in line.split() if name not in OF_THE_MACHINE] == ALL[profile]
    assert said == f"Installing system packages with apt-get: {line}.\n"


def test_nothing_is_said_where_nothing_is_missing(machine):
    place, add = machine
    for name in ("git", "fusermount3", "python3.12"):
        add(name, "#!/bin/sh\n")
    assert packages(place, "demo")[0] == ""


def test_another_system_names_the_packages(machine):
    place, _add = machine
    (place / "bin/apt-get").unlink()
    assert "chromium" not in packages(place, "services")[0]
    said, _named = packages(place, "demo")
    assert said == (
        "tests/setup: please install with the package manager of this system: " + " ".join(ALL["demo"]) + "\n"
    )


def test_an_active_environment_is_made_again_with_the_python_that_made_it(machine):
    place, add = machine
    for name in ("git", "fusermount3"):
        add(name, "#!/bin/sh\n")
    for name in ("cat", "flock", "rm", "sha256sum", "tail"):
        (place / "bin" / name).symlink_to(shutil.which(name))
    add("base", '#!/bin/sh\necho "$*" >>called\n[ $1 = --version ]\n')
    active = place / ".build/venv/bin"
    active.mkdir(parents=True)
    (active / "python3.13").write_text(f"#!/bin/sh\n[ $1 = -c ] && echo {place}/bin/base\n")
    (active / "python3.13").chmod(0o755)
    setup(place, "demo", path=f"{active}:")
    assert (place / "called").read_text().splitlines() == ["--version", "-m venv .build/venv"]
