# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that files of guests that are damaged, unusual or hostile neither free a card nor end a run."""

from __future__ import annotations

import json

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.tests.unit.plugins.conftest import Switch

CARD = "0000:31:00.0"
ADDRESS = "<address type='pci' domain='0x0000' bus='0x31' slot='0x00' function='0x0'/>"
GUEST = (
    "<domain type='kvm'><name>g</name><devices><interface type='network'><source network='{}'/></interface>"
    "<disk type='volume'><source pool='{}' volume='v'/></disk></devices></domain>"
)
NETWORK = f"<network><forward mode='hostdev'>{ADDRESS}</forward></network>"
CHECKPOINT = "var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"
ENTRY = {"PodUID": "p", "ContainerName": "c", "ResourceName": "r", "DeviceIDs": {"0": [CARD]}, "AllocResp": ""}
CACHE = "var/lib/cni/cache/results/net-eth0"
DOCKER = "var/lib/docker/containers/abc"
PROXMOX, XEN = "etc/pve/qemu-server/100.conf", "etc/xen/g.cfg"
UNIT, QEMU = "etc/systemd/system/g.service", "/usr/bin/qemu-system-x86_64"
ALWAYS = {"RestartPolicy": {"Name": "always"}}


def libvirt(network="n", pool="p", **files):
    files = {f"etc/libvirt/{name.replace('__', '/')}.xml": text for name, text in files.items()}
    return {"usr/sbin/libvirtd": "", "etc/libvirt/qemu/g.xml": GUEST.format(network, pool), **files}


def checkpoint(**changes):
    return {CHECKPOINT: json.dumps({"Data": {"PodDeviceEntries": [{**ENTRY, **changes}]}})}


def problems(simulated, files):
    host = simulated("nics")
    for path, text in files.items():
        host.files.replace(path, text.encode())
    try:
        Switch(host)({"pf": CARD, "mode": "vf", "num_vfs": "4"}, check=True)
    except Refused as refused:
        return " ".join(refused.problems)
    return ""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (libvirt("my net", qemu__networks__x="", **{"qemu__networks__my net": NETWORK}), "in use by guest g (defined)"),
        (libvirt(qemu__networks__n=NETWORK), "in use by guest g (defined)"),
        (
            libvirt(qemu__networks__n=NETWORK[:-9]),
            "libvirt networks and storage pools are unknown: /etc/",
        ),
        (libvirt(storage__p="<pool>"), "libvirt networks and storage pools are unknown: /etc/libvirt/storage/p.xml"),
        (checkpoint(), "in use by guest c of pod p"),
        (checkpoint(DeviceIDs=CARD), "the devices of pods are unknown"),
        (checkpoint(DeviceIDs={"0": CARD}), "the devices of pods are unknown"),
        ({CACHE: json.dumps({"deviceID": CARD})}, "in use by guest net-eth0 of a pod"),
        ({CACHE: json.dumps({"deviceID": CARD})[:-1]}, f"the devices of a pod are unknown: /{CACHE} is not JSON"),
        ({CACHE: "\ufeff" + json.dumps({"deviceID": CARD})}, f"the devices of a pod are unknown: /{CACHE}"),
        ({PROXMOX: f"hostpci0: {CARD}\r\nname: web\r\n"}, "in use by guest web (defined)"),
        ({XEN: f"pci = ['01:00.0', # first ]\n '{CARD}' ]\n"}, "in use by guest g.cfg (defined)"),
        ({XEN: f"pci = [ '01:00.0' ]\npci += ['{CARD}']\n"}, "in use by guest g.cfg (defined)"),
        ({XEN: f"name = 'a#b'\npci = ['{CARD}']\n"}, "in use by guest a#b (defined)"),
        ({UNIT: f"[Service]\nEnvironment=CARD={CARD}\nExecStart={QEMU} -device vfio-pci,host=${{CARD}}\n"}, "guest g "),
        ({f"{DOCKER}/hostconfig.json": json.dumps(ALWAYS)[:-1]}, "the devices of the container abc are unknown"),
    ],
)
def test_a_device_that_may_be_in_use_is_refused(simulated, files, said):
    assert said in problems(simulated, files)


def test_names_in_messages_are_printable(simulated):
    said = problems(simulated, checkpoint(ContainerName="\x1b[31m\ud800"))
    assert "in use by guest \ufffd[31m\ufffd of pod p" in said
    assert said.encode()


@pytest.mark.parametrize(
    "files",
    [
        libvirt("missing", "../../x"),
        {**checkpoint(PodUID="a\0b"), "var/lib/kubelet/pods/x/y": ""},
        {CACHE: json.dumps({"type": "macvlan", "master": "a\0b"})},
        {CACHE: json.dumps({"type": "macvlan", "master": "\ud800"})},
        {CACHE: "last_reserved_ip 10.0.0.1"},
        {f"var/lib/cni/sriov/pci/{CARD}": "/run/netns/\0"},
        {
            f"{DOCKER}/hostconfig.json": json.dumps({**ALWAYS, "Devices": [{"PathOnHost": "/dev/\ud800"}]}),
            f"{DOCKER}/config.v2.json": json.dumps({"State": {"Running": True, "Pid": "1\0"}}),
        },
    ],
)
def test_names_that_no_file_can_have_end_no_run(simulated, files):
    assert problems(simulated, files) == ""
