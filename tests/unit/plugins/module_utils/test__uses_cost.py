# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the cost of a refusal on a large host with one read of all open files of all processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import registry, user_guards

from tests.bench.tree import exported
from tests.simhost import SimHost

VFS, PROCESSES, FILES, PODS = 64, 2000, 50, 100
CARD = "0000:31:00.0"
NIC = {
    "address": CARD,
    "vendor": "8086",
    "device": "159b",
    "class_code": "020000",
    "driver": "ice",
    "netdev": {"name": "ens49"},
    "sriov": {"total": VFS, "offset": 8, "device": "1889", "driver": "iavf", "netdev": True, "numvfs": VFS},
}
HOST = {"kernel": "6.12", "functions": [NIC], "routes": [{"interface": "ens49", "gateway": "192.0.2.1"}]}
# In CPU time; on the author's machine a refusal took 0.29 s, and a walk 0.27 s.
MOST_TIMES_A_WALK = 3
COLLECTION = "ansible_collections.vfio.devices.plugins.module_utils"
IMPORTS = f"""
import os, sys, time
from {COLLECTION}._core.problems import Refused
from {COLLECTION}._guards import registry, user_guards
from {COLLECTION}._host.root import HostRoot
from {COLLECTION}._modes import job, wanted
root = sys.argv[1]
"""
WALK = """
for name in os.listdir(root + "/proc"):
    if name.isdecimal() and int(name) >= 1000:
        directory = root + "/proc/" + name + "/fd/"
        for descriptor in os.listdir(directory):
            os.readlink(directory + descriptor)
        with open(root + "/proc/" + name + "/maps", "rb") as file:
            file.read()
"""
REFUSAL = """
entry = {**dict.fromkeys(["num_vfs", "driver", "vf_driver", "drivers_autoprobe", "vfs", "eswitch"]), "pf": "CARD",
         "mode": "vf", "num_vfs": "8", "reconfigurable": True}
options = {"on_busy": "fail", "allow_host_network": False, "accept_unseen": [], "persist": True}
try:
    job.converge(HostRoot(root), options, wanted.parse_functions([entry]), [], True)
except Refused as refused:
    print(*refused.problems)
""".replace("CARD", CARD)


@pytest.fixture(scope="module")
def tree():
    with exported(SimHost(HOST)) as root:
        for process in range(1000, 1000 + PROCESSES):
            directory = root / "proc" / str(process)
            (directory / "fd").mkdir(parents=True)
            for number in range(FILES):
                os.symlink(f"socket:[{process}{number}]", directory / "fd" / str(number))
            (directory / "maps").write_text("7f00-7f01 r--p 00000000 00:05 311   /usr/lib/libc.so.6\n" * 100)
            (directory / "comm").write_text("worker\n")
            (directory / "ns").mkdir()
            pod = process - 1000 if process < 1000 + PODS else 0
            os.symlink(f"net:[{pod}]", directory / "ns" / "net")
            if pod:
                for name in ("lo", "eth0", "net1"):
                    (directory / "root/sys/class/net" / name).mkdir(parents=True)
                    (directory / "root/sys/class/net" / name / "uevent").write_text("IFINDEX=2\n")
                    (directory / "root/sys/class/net" / name / "iflink").write_text("9999\n")
        for number in range(FILES):
            (root / f"proc/1000/fd/{number}").unlink()
            os.symlink(f"/dev/of_some_driver{number}", root / f"proc/1000/fd/{number}")
        (root / "proc/1/ns").mkdir(parents=True, exist_ok=True)
        os.symlink("net:[0]", root / "proc/1/ns/net")
        yield str(root)


def seconds(tree, program):
    """Return the CPU time in seconds of a program and its children, and its output."""
    process = subprocess.Popen([sys.executable, "-c", IMPORTS + program, tree], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime, output


def test_refusal_costs_little_more_than_to_read_what_is_open(tree):
    nothing, _output = seconds(tree, "")
    walk, _output = seconds(tree, WALK)
    refusal, problems = seconds(tree, REFUSAL)
    assert "carries the default route" in problems
    figures = {"walk": walk - nothing, "refusal": refusal - nothing}
    print({name: round(value, 2) for name, value in figures.items()})
    assert figures["refusal"] < MOST_TIMES_A_WALK * figures["walk"]


@pytest.fixture
def no_guards(monkeypatch):
    """Return a function after which every call of the guards fails."""

    def take_away():
        for guards in (registry, user_guards):
            package, _dot, name = guards.__name__.rpartition(".")
            monkeypatch.setitem(sys.modules, guards.__name__, None)
            monkeypatch.delattr(sys.modules[package], name)

    return take_away


def test_unchanged_cards_ask_no_guard(switch, no_guards):
    run = switch("nics")
    wanted = {"pf": CARD, "mode": "vf", "num_vfs": "2", "vf_driver": "vfio-pci"}
    assert run(wanted)["changed"]
    no_guards()
    assert not run(wanted)["changed"]
    with pytest.raises(ImportError):
        run({**wanted, "num_vfs": "1"})


def test_unchanged_devices_ask_no_guard(simulated, no_guards):
    host = simulated("mtty")
    assert host.converge({"type": "mtty-1", "count": 2})["changed"]
    no_guards()
    assert not host.converge({"type": "mtty-1", "count": 2})["changed"]
    assert not host.converge({"type": "mtty-1", "count": 2}, exact=True)["changed"]
    with pytest.raises(ImportError):
        host.converge({"type": "mtty-1", "count": 1, "parent": "mtty"}, exact=True)
