# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards import libvirt as _libvirt
from ansible_collections.vfio.devices.plugins.module_utils._guards.base import Scene
from ansible_collections.vfio.devices.plugins.module_utils._guards.processes import Processes

DOMAIN = """
<domain type='kvm'><name>web1</name><devices>
  <disk><source file='/var/lib/libvirt/images/web1.qcow2'/></disk>
  <hostdev mode='subsystem' type='mdev' model='vfio-pci'>
    <source><address uuid='C2177883-F1BB-47F0-914D-32A22E3A8804'/></source>
    <address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>
  </hostdev>
  <hostdev mode='subsystem' type='pci' managed='yes'>
    <source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x4'/></source>
  </hostdev>
  <interface type='hostdev'>
    <source><address type='pci' domain='0' bus='0xaf' slot='0x10' function='0x2'/></source>
  </interface>
  <hostdev mode='subsystem' type='usb'><source><address bus='1' device='3'/></source></hostdev>
</devices></domain>
"""


def test_devices_of_a_domain():
    assert list(_libvirt.devices_in(DOMAIN)) == [
        "c2177883-f1bb-47f0-914d-32a22e3a8804",
        "0000:3b:00.4",
        "0000:af:10.2",
    ]


class Domain:
    def __init__(self, name, active):
        self._name, self._active = name, active

    def name(self):
        return self._name

    def isActive(self):
        return int(self._active)

    def XMLDesc(self, flags):
        assert flags == 0
        return DOMAIN


class Connection:
    def listAllDomains(self, flags):
        assert flags == 0
        return [Domain("web1", True), Domain("spare", False)]


def test_domains_by_device():
    assert _libvirt.domains(Connection())["0000:3b:00.4"] == [
        {"name": "web1", "running": True},
        {"name": "spare", "running": False},
    ]


SCENE = Scene({}, [], Processes(None))


class Host:
    root = "/host"
    timeout = 47.0
    wakes_daemons = True

    def __init__(self, sockets=(), outcome=None):
        self.sockets, self.outcome = sockets, outcome

    def exists(self, path):
        return path in self.sockets

    def attempt(self, action, timeout):
        assert timeout == self.timeout
        raise self.outcome


def test_no_socket_no_domains():
    host = Host()
    assert list(_libvirt.observe(host, SCENE)) == []


@pytest.mark.parametrize("outcome", [TimeoutError(), RuntimeError("ModuleNotFoundError('libvirt')")])
@pytest.mark.parametrize("socket", _libvirt.SOCKETS)
def test_a_libvirt_that_cannot_be_asked_is_told(outcome, socket):
    host = Host([socket], outcome)
    (unseen,) = _libvirt.observe(host, SCENE)
    assert unseen.guard == "libvirt"
    assert "domains are unknown" in unseen.sentence


@pytest.mark.parametrize(
    ("wakes", "running", "asked"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_daemon_that_waits_for_this_run_is_not_asked(simulated, monkeypatch, wakes, running, asked):
    host = simulated("empty")
    host.files.replace("run/libvirt/libvirt-sock-ro", b"")
    if running:
        host.files.replace("run/libvirtd.pid", b"7")
    monkeypatch.setattr(_libvirt, "_ask", lambda socket: {"x": []})
    root = host.root()
    root.wakes_daemons = wakes
    assert _libvirt.ask(root) == ({"x": []} if asked else {})


def test_guests_that_do_not_run_are_left_out_while_work_goes_on(simulated, monkeypatch):
    host = simulated("empty").root()
    monkeypatch.setattr(_libvirt, "ask", lambda root: {"x": [{"name": "spare", "running": False}]})
    (use,) = _libvirt.observe(host, SCENE)
    assert (use.subject, use.holder.guest, use.holder.running) == ("x", "spare", False)
    assert list(_libvirt.observe(host, SCENE._replace(configured=False))) == []
