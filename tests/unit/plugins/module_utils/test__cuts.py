# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""End runs at each write: a boot restores all old or all new devices, and the next run finishes the work."""

from __future__ import annotations

import contextlib
import errno
import json
import re

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import restore

T4, A40, L40S = "0000:3b:00.0", "0000:41:00.0", "0000:84:00.0"
UUIDS = [f"c2177883-f1bb-47f0-914d-32a22e3a88{number:02}" for number in range(3)]
CHANGES = ("write", "replace", "symlink", "unlink")
MTTY, OTHER_MTTY = ({"type": kind, "parent": "mtty", "count": "3"} for kind in ("mtty-1", "mtty-2"))
NAMED, OTHER_NAMED = (
    [{"type": kind, "parent": "mtty", "uuid": uuid} for uuid in UUIDS] for kind in ("mtty-1", "mtty-2")
)
VGPUS, OTHER_VGPUS = (
    {"type": f"NVIDIA L40S-{size}Q", "parent": L40S, "count": count} for size, count in ((4, "2"), (8, "2"))
)
NAMED_VFS, OTHER_NAMED_VFS = (
    [{"type": f"NVIDIA L40S-{size}Q", "parent": f"0000:84:00.{number}"} for number in (4, 5)] for size in (4, 8)
)
KEPT = re.compile(r"etc/mdevctl\.d/[^/]+/[^/]+|etc/vfio-devices/mdev_instance/[^/]+")
EXACT, ABSENT = {"exact": True}, {"state": "absent"}

# Profile, previous devices, wanted devices, and the options of the second run.
RUNS = {
    "retype": ("mtty", [MTTY], [OTHER_MTTY], EXACT),
    "retype of a whole GPU": ("t4", *([{"type": f"GRID T4-{n}B", "parent": T4, "count": "2"}] for n in (2, 1)), EXACT),
    "retype on virtual functions": (
        "a40",
        *([{"type": f"NVIDIA A40-{n}Q", "parent": A40, "count": "2"}] for n in (8, 4)),
        EXACT,
    ),
    "retype of vGPUs": ("l40s", [VGPUS], [OTHER_VGPUS], EXACT),
    "retype by UUID": ("mtty", NAMED, OTHER_NAMED, {}),
    "retype by virtual function": ("l40s", NAMED_VFS, OTHER_NAMED_VFS, {}),
    "first": ("mtty", [], [MTTY], {}),
    "more": ("mtty", [{**MTTY, "count": "1"}], [MTTY], {}),
    "more vGPUs": ("l40s", [{**VGPUS, "count": "1"}], [VGPUS], {}),
    "fewer": ("mtty", [MTTY], [{**MTTY, "count": "1"}], EXACT),
    "fewer vGPUs": ("l40s", [VGPUS], [{**VGPUS, "count": "1"}], EXACT),
    "none": ("mtty", [MTTY], [{"parent": "mtty"}], ABSENT),
    "no vGPUs": ("l40s", [VGPUS], [{"parent": L40S}], ABSENT),
    "no longer at boot": ("mtty", NAMED, [{**one, "autostart": False} for one in NAMED], {}),
    "retype without a record": ("mtty", NAMED, OTHER_NAMED, {"persist": False}),
}


class Killed(BaseException):
    """Stands for kill -9 or a power cut: none of our handlers runs."""


class Host:
    """A simulated host that can end a run at any write, and that can boot."""

    def __init__(self, simulated, run, mdevctl):
        self.profile, self.before, self.wanted, self.options = RUNS[run]
        self.host = simulated(self.profile)
        self.mdevctl = mdevctl
        if self.before:
            self.host.converge(*self.before)

    def run(self):
        return self.host.converge(*self.wanted, **self.options)

    def end_at(self, monkeypatch, number, end):
        """Let the n-th write end the run."""
        count = 0

        def counted(original):
            def call(*args):
                nonlocal count
                count += 1
                if count == number:
                    end()
                return original(*args)

            return call

        for name in CHANGES:
            monkeypatch.setattr(self.host.files, name, counted(getattr(self.host.files, name)))

    def boot(self):
        """Boot and return the devices: mdevctl creates the defined ones, then the program creates the rest."""
        self.host.kernel.reboot()
        if self.mdevctl:
            for parent in self.host.root().names("etc/mdevctl.d"):
                for uuid in self.host.root().names(f"etc/mdevctl.d/{parent}"):
                    definition = json.loads(self.host.files.read(f"etc/mdevctl.d/{parent}/{uuid}"))
                    if definition["start"] == "auto":
                        with contextlib.suppress(OSError):
                            self.host.create(parent, definition["mdev_type"], uuid)
        results = restore.restore(self.host.root(), timeout=1.0)
        assert not [problem for result in results for problem in result.problems]
        return self.host.devices()

    def kept(self):
        """Return the definitions and records."""
        return {path: self.host.files.read(path) for path in self.host.kernel.tree.nodes if KEPT.match(path)}


def ends(simulated, run, mdevctl=True):
    """Return the devices after a boot before the run and after it, and the files that the run kept."""
    host = Host(simulated, run, mdevctl)
    before = host.boot()
    if host.before and host.options != ABSENT:
        host = Host(simulated, run, mdevctl)
    host.run()
    kept = host.kept()
    return before, host.boot(), kept


def kill():
    raise Killed


def killed(monkeypatch, make, run):
    """Yield each write at which a run can be killed, and the host after the kill."""
    for number in range(1, 200):
        host = make()
        with monkeypatch.context() as patch:
            Host.end_at(host, patch, number, kill)
            try:
                run(host)
                return
            except Killed:
                pass
        yield number, host


@pytest.mark.parametrize(
    ("run", "mdevctl"),
    [(run, mdevctl) for run in RUNS for mdevctl in (True, False) if RUNS[run][0] == "mtty" or mdevctl],
)
def test_a_boot_after_a_cut_brings_back_all_of_the_old_or_all_of_the_new(simulated, monkeypatch, run, mdevctl):
    old, new, dummy = ends(simulated, run, mdevctl)
    number = 0
    for number, host in killed(monkeypatch, lambda: Host(simulated, run, mdevctl), Host.run):
        found = host.boot()
        assert found in (old, new), (number, found)
        host.run()
        assert not host.run()["changed"], number
        assert host.boot() == new, number
    assert number >= 2


@pytest.mark.parametrize("run", RUNS)
def test_the_next_run_finishes_what_a_killed_one_has_left(simulated, monkeypatch, run):
    kept = ends(simulated, run)[2]
    number = 0
    for number, host in killed(monkeypatch, lambda: Host(simulated, run, True), Host.run):
        host.run()
        assert host.kept() == kept, number
        assert not host.run()["changed"], number
    assert number >= 2


@pytest.mark.parametrize(
    ("run", "error"),
    [
        *((run, errno.EIO) for run in RUNS if RUNS[run][0] == "mtty"),
        *((run, errno.ENOSPC) for run in ("retype", "retype of a whole GPU", "retype of vGPUs", "no vGPUs")),
    ],
)
def test_after_a_write_that_fails_a_boot_finds_the_old_or_the_new(simulated, monkeypatch, run, error):
    old, new, dummy = ends(simulated, run)

    def fail():
        raise OSError(error, "")

    for number in range(1, 200):
        host = Host(simulated, run, True)
        with monkeypatch.context() as patch:
            host.end_at(patch, number, fail)
            result = host.run()
        if not result["failures"]:
            break
        found = host.boot()
        assert found in (old, new), (number, found)
    assert number > 2


ICE = "0000:31:00.0"
PINNED = {"vf_driver": "vfio-pci", "drivers_autoprobe": False}
VFS, FEWER_VFS = ({"pf": ICE, "mode": "vf", "num_vfs": count} for count in "42")
WHOLE = {"pf": ICE, "mode": "pf"}
# Profile, previous mode, and wanted mode.
MODES = {
    "first": ("nics", None, {**VFS, "vf_driver": "vfio-pci"}),
    "fewer": ("nics", VFS, FEWER_VFS),
    "another driver": ("nics", VFS, {**VFS, **PINNED}),
    "whole": ("nics", VFS, WHOLE),
    "no longer whole": ("nics", WHOLE, {**FEWER_VFS, **PINNED}),
    "none": ("nics", {**VFS, **PINNED}, {**VFS, "num_vfs": "0", "drivers_autoprobe": True}),
    "GPU": ("a40", {"pf": A40, "mode": "vf", "num_vfs": "max"}, {"pf": A40, "mode": "pf"}),
}


class Card:
    """A card whose switch ends at any write, and that is booted."""

    def __init__(self, switch, mode):
        profile, before, self.wanted = MODES[mode]
        self.switch = switch(profile)
        self.host = self.switch.host
        if before:
            self.switch(before)

    def seen(self):
        """Return the part that must be either old or new, and the persistent part."""
        card = self.switch.card(self.wanted["pf"])
        lasting = {name: card.pop(name) for name in ("record", "rule")}
        return {name: card[name] for name in ("driver", "driver_override", "virtual", "autoprobe")}, lasting

    def boot(self):
        self.host.kernel.reboot()
        restore.restore(self.host.root(), timeout=1.0)
        return self.seen()[0]


@pytest.mark.parametrize("mode", MODES)
def test_a_boot_after_a_cut_brings_a_card_back_to_its_old_or_its_new_mode(switch, monkeypatch, mode):
    card = Card(switch, mode)
    old, old_files = card.boot(), card.seen()[1]
    card = Card(switch, mode)
    card.switch(card.wanted)
    new, new_files = card.boot(), card.seen()[1]
    number = 0
    for number, card in killed(monkeypatch, lambda: Card(switch, mode), lambda card: card.switch(card.wanted)):
        files = card.seen()[1]
        for name, content in files.items():
            # Without the program of boot_restore, only the rule restores virtual functions.
            assert content in (old_files[name], new_files[name]), (number, name)
        assert card.boot() in (old, new), number
        card.switch(card.wanted)
        assert card.seen() == (new, new_files), number
        assert not card.switch(card.wanted)["changed"], number
    assert number >= 3
