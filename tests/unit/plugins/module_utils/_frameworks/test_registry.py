# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._boot import instances
from ansible_collections.vfio.devices.plugins.module_utils._boot.restore import restore
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._devices import pci
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import registry
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.registry import BY_NAME, Frameworks, advice
from ansible_collections.vfio.devices.plugins.module_utils._guards import devices
from ansible_collections.vfio.devices.plugins.module_utils._host import writable
from ansible_collections.vfio.devices.plugins.modules import sriov_pf_mode
from ansible_collections.vfio.devices.tests.simhost.tree import Attribute
from ansible_collections.vfio.devices.tests.unit import guide
from ansible_collections.vfio.devices.tests.unit.plugins.module_utils._frameworks import test_base


def frameworks(host):
    root = host.root()
    return Frameworks(root, pci.observe(root), pci.NumaNodes(root))


@pytest.mark.parametrize(
    ("profile", "cards"),
    [
        ("t4", {"0000:3b:00.0": "mdev", "0000:af:00.0": "mdev"}),
        ("l40s", {"0000:84:00.0": "vendor_vfio", "0000:c4:00.0": "vendor_vfio"}),
        ("nics", {}),
        # The parent is not a PCI function.
        ("mtty", {}),
    ],
)
def test_framework_of_each_card(simulated, profile, cards):
    assert frameworks(simulated(profile)).of_cards() == cards


@pytest.mark.parametrize(("profile", "framework"), [("t4", "mdev"), ("l40s", "vendor_vfio"), ("mtty", "mdev")])
def test_what_was_made_is_the_same_for_every_framework(simulated, profile, framework):
    host = simulated(profile)
    parent = frameworks(host).observe().parents[0]
    offer = parent.offers[0]
    host.converge({"type": offer.type.id, "parent": parent.name})
    made = frameworks(host).observe()
    (device,) = made.devices
    assert (device.parent, device.framework, device.type_id) == (parent.name, framework, offer.type.id)
    assert (device.uuid is None) == (framework == "vendor_vfio")
    assert set(made.definitions) == ({device.key} if device.uuid else set())


def test_types_of_mediated_devices_are_read_only_where_they_are_wanted(simulated):
    host = simulated("mtty")
    assert frameworks(host).observe(with_parents=False).parents == []
    assert not [path for path in host.files.reads if "mdev_supported_types" in path]


@pytest.mark.parametrize(
    ("frameworks", "vendor_id", "named", "unnamed"),
    [
        (set(), "10de", ["lspci -k"], ["systemctl"]),
        ({"vendor_vfio"}, "10de", ["nvidia-smi mig -lgi", "nvidia-vgpu-mgr"], ["nvidia-vgpud"]),
        ({"mdev"}, "10de", ["systemctl status nvidia-vgpud nvidia-vgpu-mgr"], ["MIG", "journalctl"]),
        ({"mdev"}, "8086", ["vendor's vGPU driver", "journalctl -k"], ["nvidia", "NVIDIA"]),
        ({"mdev"}, None, ["journalctl -k", "nvidia-vgpud nvidia-vgpu-mgr"], ["MIG"]),
    ],
)
def test_what_to_check(frameworks, vendor_id, named, unnamed):
    sentence = advice(frameworks, vendor_id)
    assert [text for text in named if text not in sentence] == []
    assert [text for text in unnamed if text in sentence] == []


@pytest.mark.parametrize(
    ("framework", "rooms", "listed"),
    [
        ("mdev", [], False),
        ("mdev", [0, None], True),
        ("vendor_vfio", [], False),
        ("vendor_vfio", [0, 0], False),
        ("vendor_vfio", [0, 1], True),
    ],
)
def test_types_without_room_are_not_listed_by_a_vf(framework, rooms, listed):
    assert BY_NAME[framework].lists_types(rooms) is listed


class Acme:
    """Return a host whose virtual functions have the driver from the guide."""

    CARD = "0000:01:00.0"

    def __init__(self, host):
        self.host = host
        host.write(f"{pci.DEVICES}/{self.CARD}/sriov_numvfs", "2")
        for address, function in pci.observe(host.root()).items():
            if function.physical_function == self.CARD:
                directory, _node = host.kernel.tree.resolve(f"{pci.DEVICES}/{address}")
                host.kernel.tree.attributes(directory, self.attributes())

    @staticmethod
    def attributes():
        profile = ["none"]

        def store(data):
            profile[0] = data.decode()

        return {
            "acme_profiles": Attribute(b"small large\n"),
            "acme_profile": Attribute(lambda: f"{profile[0]}\n", store),
        }


def test_the_example_of_the_guide_is_a_framework(simulated, run_module, monkeypatch):
    acme = guide.example("Add a framework", "acme", registry.__package__)
    test_base.test_it_says_and_does_all_that_is_asked_of_a_framework(acme)
    monkeypatch.setitem(registry.BY_NAME, acme.NAME, acme)
    for module in (registry, devices, instances):
        monkeypatch.setattr(module, "FRAMEWORKS", (*registry.FRAMEWORKS, acme))
    monkeypatch.setattr(writable, "OF_FRAMEWORKS", {**writable.OF_FRAMEWORKS})
    writable.permit(acme.PATHS)
    host = Acme(simulated("nics")).host
    wanted = {"type": "small", "parent": Acme.CARD, "count": "max"}
    created = host.converge(wanted, check=True)["created"]
    assert host.converge(wanted)["created"] == created == ["0000:01:10.0", "0000:01:10.2"]
    assert host.devices() == {address: (address, "small") for address in created}
    assert not host.converge(wanted)["changed"]
    refused = run_module(sriov_pf_mode, {"functions": [{"pf": Acme.CARD, "mode": "pf"}]}, host)
    assert "carries the ACME profile small" in refused["msg"]
    with pytest.raises(Refused, match="uuid cannot be set, because an ACME function with profile small is identified"):
        host.converge({**wanted, "count": "1", "uuid": "c2177883-f1bb-47f0-914d-32a22e3a8804"})
    host.converge({"type": "large", "parent": Acme.CARD, "count": "1"}, exact=True)
    assert [kind for _parent, kind in host.devices().values()] == ["large"]
    for address in created:
        host.write(f"{pci.DEVICES}/{address}/acme_profile", "none")
    (result,) = restore(host.root())
    assert (result.done, result.problems) == (["created 1 of large"], [])
