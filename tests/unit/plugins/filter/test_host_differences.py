# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of difference has one remedy."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.host_differences import FilterModule

host_differences = FilterModule().filters()["host_differences"]
GPU = "0000:3b:00.0"
SITE = "Run the playbook site to correct this."
KERNEL = "Run the playbook site, and reboot the host."
DRIVERS = "Run the playbook site to load the drivers."
REPROFILE = (
    "Run the playbook reprofile with -e vfio_wait=3600, which waits for the users and corrects the host. "
    "Or stop the guests and processes that use the devices, then run the playbook site."
)
DRAINED = "The card is drained, so reserved differs. Run the playbook site to end the draining."
SETTINGS = {
    "nova_host": "deploy",
    "nova_path": "/etc/kolla/config/nova/a/nova.conf",
    "nova_service": "nova-compute",
    "cyborg_service": "cyborg-agent",
    "providers": [{"name": "a"}],
}
USER = {"domain": "web1", "pid": 5, "command": "qemu", "running": True}
CHANGED = {"diff": {"before": {GPU: {"u1": "A"}}, "after": {GPU: {"u1": "B"}}}}
BUSY = {"busy": [{"uuid": "u1", "address": None, "parent": GPU, "users": [USER]}]}
OF_CARD = {"functions": [{"pf": "0000:41:00.0", "busy": ["0000:41:00.1 is in use by guest web2"]}]}
OWED = {"restart_owed": True}


def published(before, after, name="a_vfio_1"):
    """Return the result of the call for all hosts, in which host b differs, too."""
    providers = [{"name": "a", "root": "A"}, {"name": name, "root": "A"}, {"name": "b_vfio_1", "root": "B"}]
    other = {"inventories": {}, "traits": ["CUSTOM_X"]}
    diff = {"before": {name: before, "b_vfio_1": other}, "after": {name: after, "b_vfio_1": {**other, "traits": []}}}
    return {"placement": {"providers": providers, "diff": diff}}


def provider(reserved, total=8, **changes):
    return {"inventories": {"VGPU": {"total": total, "reserved": reserved}}, "traits": ["CUSTOM_X"], **changes}


IN_PLACEMENT = published(provider(8), provider(0))


@pytest.mark.parametrize(
    ("results", "settings", "remedies"),
    [
        ({}, {}, []),
        ({"devices": {"skipped": True, "changed": True}}, {}, []),
        ({"devices": {"diff": {"before": {}, "after": {}}}}, {}, []),
        ({"devices": CHANGED}, {}, [SITE]),
        ({"boot": CHANGED, "cyborg": CHANGED, "nova": CHANGED}, {}, [SITE]),
        # The playbook site rejects a host with devices in use, or skips them.
        ({"devices": BUSY}, {}, [REPROFILE]),
        ({"modes": OF_CARD, "boot": CHANGED}, {}, [REPROFILE]),
        # Only the playbook site corrects the kernel.
        ({"iommu": {"arguments": ["iommu=pt"], "drivers": [], "nouveau": []}}, {}, [KERNEL]),
        ({"iommu": {"arguments": [], "drivers": [], "nouveau": [GPU]}, "boot": CHANGED}, {}, [KERNEL]),
        ({"iommu": {"arguments": [], "drivers": ["vfio-pci"], "nouveau": []}}, {}, [DRIVERS]),
        ({"iommu": {"drivers": ["vfio-pci"]}, "boot": CHANGED}, {}, [SITE]),
        ({"iommu": {"drivers": ["vfio-pci"], "arguments": ["iommu=pt"]}}, {}, [KERNEL]),
        ({"iommu": {"drivers": ["vfio-pci"]}, "devices": BUSY}, {}, [REPROFILE, f"Then r{DRIVERS[1:]}"]),
        ({"iommu": {"arguments": ["iommu=pt"]}, "devices": BUSY}, {}, [REPROFILE, f"Then r{KERNEL[1:]}"]),
        (
            {"iommu": {"arguments": ["iommu=pt"]}},
            {"manual_arguments": ["iommu=pt"]},
            [
                "Add iommu=pt to the kernel arguments of the host yourself, because iommu_bootloader is none. "
                "Then reboot the host."
            ],
        ),
        (IN_PLACEMENT, {}, [DRAINED]),
        ({"boot": CHANGED, **IN_PLACEMENT}, {}, [SITE, DRAINED]),
        # The playbook site would end the draining before the guests have left.
        (
            {"devices": BUSY, **IN_PLACEMENT},
            {},
            [REPROFILE, "The card is drained, so reserved differs. The playbook reprofile ends the draining."],
        ),
        # Another client has changed the inventory or the traits.
        (published(provider(3), provider(0)), {}, [SITE]),
        (published(provider(8), provider(0, total=4)), {}, [SITE]),
        (published(provider(8), provider(0, traits=[])), {}, [SITE]),
        (published(None, provider(0)), {}, [SITE]),
        (published(None, None, name="a_vfio_1"), {}, []),
        ({"nova": OWED}, {}, ["Restart the unit nova-compute, or run the playbook site with "
                              "-e nova_config_restart=true."]),
        ({"cyborg": OWED}, {}, ["Restart the unit cyborg-agent, or run the playbook site with "
                                "-e cyborg_config_restart=true."]),
        (
            {"nova": {}},
            {"undeployed": ["[pci] device_spec"]},
            ["Run kolla-ansible reconfigure --tags nova on deploy to deploy the settings of "
             "/etc/kolla/config/nova/a/nova.conf."],
        ),
    ],
)  # fmt: skip
def test_each_kind_of_difference_has_one_remedy(results, settings, remedies):
    found = host_differences(results, {**SETTINGS, **settings})
    lines = [line for line in found if line.partition(":")[0] in {*results, "nova restart", "cyborg restart"}]
    assert [line for line in found if line not in lines and not line.startswith("nova deployment: ")] == remedies
    assert bool(found) == bool(remedies)


def test_the_lines_of_differences():
    results = {
        "iommu": {"arguments": ["intel_iommu=on", "iommu=pt"], "drivers": [], "nouveau": []},
        "devices": {**CHANGED, **BUSY},
        "nova": OWED,
        **IN_PLACEMENT,
    }
    found = host_differences(results, {**SETTINGS, "undeployed": ["[pci] alias"]})
    assert found[:6] == [
        "iommu: arguments: missing -> intel_iommu=on, iommu=pt",
        f"devices: {GPU} u1 is not declared, and is in use by guest web1 (pid 5, qemu)",
        f"devices: {GPU} u1: A -> B",
        "nova deployment: /etc/kolla/nova-compute/nova.conf: missing -> [pci] alias",
        "nova restart: nova-compute: former configuration -> written configuration",
        "placement: a_vfio_1 inventories VGPU reserved: 8 -> 0",
    ]


def test_the_providers_of_other_hosts_do_not_count():
    result = published(provider(8), provider(8))
    assert host_differences(result, {**SETTINGS, "providers": [{"name": "c"}]}) == []
    assert host_differences(result, {**SETTINGS, "providers": []}) == []
    # The root of the last run, and a provider with a former name.
    found = host_differences(published(None, None), {**SETTINGS, "providers": [{"name": "c", "former_root": "B"}]})
    assert found == ["placement: b_vfio_1 traits: CUSTOM_X -> empty", SITE]
    result["placement"]["providers"][2] = {"name": "new", "former": "b_vfio_1", "root": "A"}
    assert host_differences(result, SETTINGS) == ["placement: b_vfio_1 traits: CUSTOM_X -> empty", SITE]


def test_a_provider_without_a_card_has_its_remedy_in_its_line():
    unexpected = [{"name": "a_vfio_2", "uuid": "12-34"}]
    (line,) = host_differences(published(None, None), {**SETTINGS, "unexpected": unexpected})
    assert line.startswith("placement: a_vfio_2 in Placement belongs to a card that is missing on the host")


@pytest.mark.parametrize(("results", "settings"), [(None, {}), ({}, None), ({"a": 1}, {}), ({"iommu": {"x": [1]}}, {})])
def test_other_input_is_refused(results, settings):
    with pytest.raises(AnsibleFilterError, match="host_differences takes"):
        host_differences(results, settings)
