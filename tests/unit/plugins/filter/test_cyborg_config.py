# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/integration/nova tests with Cyborg itself how it reads the text."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.cyborg_config import FilterModule
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, refusals, whole

cyborg_config = FilterModule().filters()["cyborg_config"]


def gpu(type_id="nvidia-223", type_name="GRID T4-2B", **changes):
    card = mdevs(type_id, **{"owner": "cyborg", "count": None, "name": "0000:af:00.0", **changes})
    card["type"]["name"] = type_name
    return card


def test_the_specification_of_vgpus_in_cyborg():
    assert cyborg_config(plan(gpu())) == (
        "# Managed by vfio.devices.cyborg_config. Manual changes are overwritten.\n"
        "\n"
        "[agent]\n"
        "enabled_drivers = nvidia_gpu_driver\n"
        "\n"
        "[gpu_devices]\n"
        "filter_sriov_vfs = true\n"
        "enabled_vgpu_types = nvidia-223\n"
        "\n"
        "[vgpu_nvidia-223]\n"
        "device_addresses = 0000:af:00.0\n"
    )


def test_several_types_and_a_whole_card():
    cards = [
        gpu("nvidia-224", "GRID T4-4Q", name="0000:87:00.0"),
        gpu(),
        gpu(name="0000:86:00.0"),
        whole(name="0000:88:00.0", mode=None, owner="cyborg"),
        ports(name="0000:10:00.0", owner="none"),
    ]
    text = cyborg_config(plan(*cards), drivers=["intel_qat_driver", "nvidia_gpu_driver"])
    assert "enabled_drivers = intel_qat_driver,nvidia_gpu_driver\n" in text
    assert "enabled_vgpu_types = nvidia-223,nvidia-224\n" in text
    assert "[vgpu_nvidia-223]\ndevice_addresses = 0000:86:00.0,0000:af:00.0\n" in text
    assert "0000:88" not in text


def test_a_full_card_stays_one_with_vgpus():
    assert "0000:af:00.0" in cyborg_config(plan(gpu(totals=(0,))))


def test_a_whole_card_that_still_has_vgpus():
    parent = {"name": "0000:84:00.0", "numa_node": 0, "type": "nvidia-222", "existing": 1, "total": 16}
    card = whole(mode=None, owner="cyborg", held_parents=[parent], held_framework="mdev")
    text = cyborg_config(plan(card))
    assert "[vgpu_nvidia-222]\ndevice_addresses = 0000:84:00.0\n" in text
    card["held_parents"] = [{**parent, "name": "0000:84:00.4"}]
    (sentence,) = refusals(cyborg_config, plan(card))
    assert "it still has vGPUs on 0000:84:00.4, and cyborg-agent would also assign the complete card" in sentence


def test_whole_cards_only():
    text = cyborg_config(plan(whole(mode=None, owner="cyborg")))
    # The empty list replaces types in other files.
    assert text.endswith("\n\n[gpu_devices]\nfilter_sriov_vfs = true\nenabled_vgpu_types =\n")


def test_drivers_of_other_files():
    started = {"drivers": [{"file": "/c", "driver": name} for name in ("qat", "fake_driver", "nvidia_gpu_driver", "x")]}
    assert refusals(cyborg_config, plan(gpu()), ["x"], started=started) == [
        "cyborg-agent would lose qat of /c, because the file of this collection replaces enabled_drivers. Set "
        "cyborg_config_drivers: [x, qat]"
    ]
    assert cyborg_config(plan(gpu()), ["qat", "x"], started=started)
    # Without cards of Cyborg, there is no file.
    assert cyborg_config(plan(ports()), started=started) == ""
    with pytest.raises(AnsibleFilterError, match="started must be the result of"):
        cyborg_config(plan(gpu()), started=[])


def test_nothing_for_cyborg():
    assert cyborg_config(plan(mdevs(), whole(name="0000:88:00.0", owner="none"))) == ""


REFUSED = [
    (
        [gpu(name="10000:af:00.0")],
        {},
        "cyborg-agent fails at this address, because it supports only PCI domains of four digits",
    ),
    (
        [gpu(address=None, name="mtty", vendor_id=None, **{"class": None})],
        {},
        "cyborg-agent fails at this address, because it supports only PCI domains of four digits",
    ),
    ([gpu(**{"class": "1200"})], {}, "cyborg-agent supports NVIDIA GPUs only. Set owner: nova or owner: none"),
    (
        [gpu(totals=(1, 1))],
        {},
        "cyborg-agent would also assign the complete card, because its vGPUs are on virtual functions. Set owner: nova",
    ),
    ([gpu("a,b")], {}, "cannot be the name of a section"),
    ([gpu(type_name="T4")], {}, "cyborg-agent fails at the type name 'T4'"),
    ([gpu(type_name="NVIDIA H100-1-10C.ME")], {}, "is not a valid trait"),
    ([gpu()], {"nova_release": 33}, "nova 33 does not assign Cyborg vGPUs to guests. nova 34 or later does"),
    ([gpu(), mdevs()], {}, "profile p, 0000:84:00.0: its owner is nova, but cyborg-agent manages every"),
]


@pytest.mark.parametrize(("cards", "options", "sentence"), REFUSED)
def test_refusals(cards, options, sentence):
    assert any(sentence in line for line in refusals(cyborg_config, plan(*cards), **options))


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, 1),
        ({"vendor_id": "1002"}, 0),
        ({"class": "0200"}, 0),
        ({"class": "0302"}, 1),
        ({"class": "0380"}, 0),
    ],
)
def test_gpus_of_no_profile_are_given_away_too(changes, number):
    other = {"name": "0000:3b:00.0", "vendor_id": "10de", "class": "0300", **changes}
    host = {**plan(gpu()), "unselected": [other]}
    found = refusals(cyborg_config, host) if number else []
    assert [line for line in found if line.startswith("0000:3b:00.0: it is in no profile, but cyborg-agent")] == found
    assert len(found) == number
    assert number or cyborg_config(host)
    assert cyborg_config({**host, "cards": []}) == ""


def test_all_problems_at_once():
    assert len(refusals(cyborg_config, plan(gpu(type_name="T4"), mdevs()), nova_release="2026.1")) == 3


@pytest.mark.parametrize("options", [{"drivers": "x"}, {"drivers": ["a b"]}, {"nova_release": "x"}])
def test_options(options):
    with pytest.raises(AnsibleFilterError, match="drivers must be a list of names|is not a nova release"):
        cyborg_config(plan(gpu()), **options)


@pytest.mark.parametrize("garbage", [None, [], {"cards": [{}], "later": []}])
def test_what_is_no_plan(garbage):
    with pytest.raises(AnsibleFilterError, match="needs a plan of vfio.devices.resolve"):
        cyborg_config(garbage)
