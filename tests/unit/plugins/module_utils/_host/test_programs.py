# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import programs
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostError, HostRoot


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "sys").mkdir()
    return tmp_path


def program(tree, path, script):
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_program_is_found_below_the_root_only(tree):
    tools = programs.SystemTools(str(tree))
    assert tools.find("ip") is None
    program(tree, "usr/bin/ip", "")
    first = program(tree, "usr/sbin/ip", "")
    assert tools.find("ip") == str(first)
    first.chmod(0o644)
    assert tools.find("ip") == str(tree / "usr/bin/ip")


def test_name_with_a_slash_is_a_place(tree):
    program(tree, "usr/lib/nvidia/sriov-manage", "")
    assert programs.SystemTools(str(tree)).find("usr/lib/nvidia/sriov-manage")


def test_output_and_arguments(tree):
    program(tree, "usr/bin/tell", 'echo "$LC_ALL $1 $#"')
    assert HostRoot(str(tree)).run("tell", ["a b", "c"]) == "C a b 2\n"


def test_failure_tells_what_the_program_said(tree):
    program(tree, "usr/bin/tell", "echo out; echo 'RTNETLINK answers: No' >&2; exit 3")
    with pytest.raises(HostError, match="tell x failed with status 3: RTNETLINK answers: No"):
        HostRoot(str(tree)).run("tell", ["x"])
    program(tree, "usr/bin/mute", "exit 1")
    with pytest.raises(HostError, match="no output"):
        HostRoot(str(tree)).run("mute", [])


def test_missing_and_broken_programs(tree):
    host = HostRoot(str(tree))
    assert not host.has_program("tell")
    with pytest.raises(HostError, match="there is no program tell below"):
        host.run("tell", [])
    program(tree, "usr/bin/tell", "").write_text("#!/no/such/interpreter\n")
    with pytest.raises(HostError, match="ENOENT"):
        host.run("tell", [])


@pytest.mark.parametrize("keep", [True, False])
def test_deadline(tree, keep):
    mark = tree / "mark"
    program(tree, "usr/bin/slow", f"sleep 0.6; touch {mark}")
    before = time.monotonic()
    with pytest.raises(HostError, match="did not finish within 0.2 s") as error:
        HostRoot(str(tree), 0.2).run("slow", [], keep=keep)
    assert error.value.pending
    assert time.monotonic() - before < 0.6
    # A program that must not be killed halfway continues, even if it prints output.
    assert HostRoot(str(tree)).wait(mark.exists, 1.5) is keep
    assert os.path.exists(mark) is keep
