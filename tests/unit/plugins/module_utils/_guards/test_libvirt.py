# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt as guards_libvirt
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import EVERY_EFFECT, LOSES_DRIVER, Unseen
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._guards.test_referenced_devices import (
    CARD,
    FUNCTIONS,
    VF0,
    VF1,
    add_links,
)

VFIO = "<hostdev type='pci'><source><address domain='0' bus='0x41' slot='0' function='0x3'/></source></hostdev>"
VDPA = "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>"
NETWORK = "<interface type='network'><source network='pool'/></interface>"
DEFINED, POOL = "etc/libvirt/qemu/web1.xml", "etc/libvirt/qemu/networks/pool.xml"
FORWARD = "<network><name>pool</name><forward mode='hostdev'><pf dev='ens2f0'/></forward></network>"
VOLUME = "<disk type='volume'><source pool='spare' volume='web1'/></disk>"
STORAGE = "etc/libvirt/storage/spare.xml"
DISK = "<pool type='disk'><source><device path='/dev/nvme0n1'/></source></pool>"
DAEMON = {"proc/77/comm": "libvirtd\n", "proc/77/status": "Name:\tlibvirtd\nUid:\t0\t0\t0\t0\n"}
SOCKET = {"run/libvirt/virtqemud-sock-ro": ""}


def xml(devices):
    return f"<domain><name>web1</name><devices>{devices}</devices></domain>"


def observe(host, **scene):
    root = host.root()
    found = list(guards_libvirt.observe(root, Scene(FUNCTIONS, [], Processes(root), **scene)))
    uses = {
        one.subject: (one.holder.guest, one.holder.running, one.ended_by)
        for one in found
        if not isinstance(one, Unseen)
    }
    return uses, [one.sentence for one in found if isinstance(one, Unseen)]


@pytest.fixture
def host(simulated):
    def make(files=()):
        made = simulated("empty", files={path: text for path, text in dict(files).items() if text is not None})
        for path in [path for path, text in dict(files).items() if text is None]:
            made.kernel.tree.directory(path)
        add_links(made.kernel.tree)
        return made

    return make


class Domain:
    def __init__(self, name, active):
        self._name, self._active = name, active

    def name(self):
        return self._name

    def isActive(self):
        return int(self._active)

    def isPersistent(self):
        return int(self._name != "lost")

    def XMLDesc(self, flags):
        return xml(VDPA if flags == guards_libvirt.INACTIVE else VFIO)


class Connection:
    def listAllDomains(self, flags):
        assert flags == 0
        return [Domain("web1", True), Domain("spare", False), Domain("lost", True)]


def test_domains_of_a_connection():
    now = [("web1", True, xml(VFIO)), ("spare", False, xml(VFIO)), ("lost", True, xml(VFIO))]
    assert guards_libvirt.domains(Connection()) == [*now, ("web1", False, xml(VDPA))]


@pytest.mark.parametrize(
    ("devices", "running", "uses"),
    [
        (VFIO, True, {VF1: EVERY_EFFECT}),
        (VFIO, False, {VF1: EVERY_EFFECT}),
        (VDPA, False, {VF0: LOSES_DRIVER}),
        (NETWORK, False, {VF0: LOSES_DRIVER, VF1: LOSES_DRIVER}),
        (NETWORK, True, {}),
        (VOLUME, False, {CARD: LOSES_DRIVER}),
        (VOLUME, True, {}),
    ],
)
def test_devices_as_the_daemon_tells_them(host, monkeypatch, devices, running, uses):
    monkeypatch.setattr(guards_libvirt, "_ask", lambda socket: [("web1", running, xml(devices))])
    found, unseen = observe(host({**SOCKET, POOL: FORWARD, STORAGE: DISK}))
    assert found == {subject: ("web1", running, effects) for subject, effects in uses.items()}
    assert unseen == []


@pytest.mark.parametrize(
    ("devices", "uses"),
    [(VFIO, {VF1: EVERY_EFFECT}), (VDPA, {VF0: LOSES_DRIVER}), (NETWORK, {VF0: LOSES_DRIVER, VF1: LOSES_DRIVER})],
)
@pytest.mark.parametrize(
    "problem", [None, TimeoutError(), RuntimeError("refused"), RuntimeError(guards_libvirt.MISSING)]
)
def test_files_count_where_the_daemon_does_not_answer(host, monkeypatch, devices, uses, problem):
    """A failing daemon does not mean that there are no domains either."""

    def fail(socket):
        raise problem

    monkeypatch.setattr(guards_libvirt, "_ask", fail)
    files = {DEFINED: xml(devices), POOL: FORWARD, **(SOCKET if problem else {})}
    found, unseen = observe(host(files))
    assert found == {subject: ("web1", False, effects) for subject, effects in uses.items()}
    assert unseen == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, None),
        (SOCKET, "libvirt-python is not installed"),
        ({"run/libvirt/libvirt-sock": ""}, "libvirt-python is not installed"),
        (DAEMON, "has no socket"),
        ({"run/libvirtd.pid": "77"}, "has no socket"),
        # The daemon's own definitions contain no domain.
        ({**DAEMON, "proc/77/root/etc/libvirt/qemu/networks/default.xml": "<network/>"}, None),
        ({**SOCKET, "usr/sbin/virtqemud": "", "etc/libvirt/qemu/networks/default.xml": "<network/>"}, None),
        # The definitions of the host do not belong to a daemon that is not installed on the host.
        ({**SOCKET, "etc/libvirt/qemu/networks/default.xml": "<network/>"}, "libvirt-python is not installed"),
        ({**DAEMON, "usr/sbin/libvirtd": "", "etc/libvirt/qemu/networks/default.xml": "<network/>"}, "has no socket"),
        ({**SOCKET, "root/.config/libvirt/qemu/web1.xml": xml("")}, "libvirt-python is not installed"),
        ({**SOCKET, "etc/libvirt/lxc/web1.xml": xml("")}, "libvirt-python is not installed"),
        # The directories of the daemon are never empty; this one is not visible.
        ({**SOCKET, "usr/sbin/virtqemud": "", "etc/libvirt/qemu": None}, "libvirt-python is not installed"),
        # The daemon of a user.
        ({**DAEMON, "proc/77/status": "Name:\tlibvirtd\nUid:\t1000\t1000\t1000\t1000\n"}, None),
        ({DEFINED: "<domain>"}, "/etc/libvirt/qemu/web1.xml cannot be read, or is not XML"),
    ],
)
def test_libvirt_that_cannot_be_asked_has_no_domains_only_where_that_is_certain(host, monkeypatch, files, said):
    def missing(socket):
        raise RuntimeError(guards_libvirt.MISSING)

    monkeypatch.setattr(guards_libvirt, "_ask", missing)
    uses, unseen = observe(host(files))
    assert uses == {}
    assert len(unseen) == (said is not None)
    assert all(said in sentence and "unknown" in sentence for sentence in unseen)


def test_libvirt_that_hangs_is_told(host, monkeypatch):
    def hang(socket):
        raise TimeoutError

    monkeypatch.setattr(guards_libvirt, "_ask", hang)
    assert "did not answer within 30 s" in observe(host(SOCKET))[1][0]
    made = host({**SOCKET, DEFINED: xml(VFIO)})
    root = made.root()
    list(guards_libvirt.observe(root, Scene(FUNCTIONS, [], Processes(root))))
    assert root.warnings == [
        "the libvirt domains were read from files: libvirt did not answer within 30 s. Restart its daemon"
    ]


@pytest.mark.parametrize(
    ("wakes", "running", "asked"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_daemon_that_waits_for_this_run_is_not_asked(host, monkeypatch, wakes, running, asked):
    made = host({**SOCKET, **({"run/libvirtd.pid": "7"} if running else {})})
    monkeypatch.setattr(guards_libvirt, "_ask", lambda socket: [("web1", True, xml(VFIO))])
    root = made.root()
    root.may_start_daemons = wakes
    assert bool(list(guards_libvirt.observe(root, Scene(FUNCTIONS, [], Processes(root))))) is asked


def test_guests_that_do_not_run_are_left_out_while_work_goes_on(host):
    made = host({DEFINED: xml(VFIO)})
    assert observe(made) == ({VF1: ("web1", False, EVERY_EFFECT)}, [])
    assert observe(made, configured=False) == ({}, [])
    assert CARD not in observe(made)[0]


def test_missing_binding_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "libvirt", None)
    with pytest.raises(RuntimeError, match=guards_libvirt.MISSING):
        guards_libvirt._ask("/run/libvirt/libvirt-sock-ro")
