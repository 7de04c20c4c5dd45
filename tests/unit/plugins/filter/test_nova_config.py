# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/integration/nova tests with nova itself how it reads the texts."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.nova_config import FilterModule
from ansible_collections.vfio.devices.plugins.filter.resolve import resolve
from ansible_collections.vfio.devices.tests.unit.plans import mdevs, plan, ports, refusals, vendor_vgpus, whole
from hypothesis import given
from hypothesis import strategies as st

nova_config = FilterModule().filters()["nova_config"]

# The example in nova's specification of generic mediated devices.
SPECIFICATION = plan(
    mdevs(profile="vgpus", resource_class="VGPU"),
    mdevs(profile="vgpus", name="0000:85:00.0"),
    mdevs("mlx5_core-local", profile="mlx5", name="0000:86:00.0", resource_class="CUSTOM_MLX5"),
)


def body(*arguments, **options):
    """Return the text without its header."""
    return nova_config(*arguments, **options).partition("\n\n")[2]


def test_generic_mediated_devices():
    assert nova_config(SPECIFICATION, 34) == (
        "# Managed by vfio.devices.nova_config. Manual changes are overwritten.\n"
        "\n"
        "[devices]\n"
        "enabled_mdev_types = mlx5_core-local,nvidia-35\n"
        "\n"
        "[mdev_mlx5_core-local]\n"
        "device_addresses = 0000:86:00.0\n"
        "mdev_class = CUSTOM_MLX5\n"
        "\n"
        "[mdev_nvidia-35]\n"
        "device_addresses = 0000:84:00.0,0000:85:00.0\n"
    )


def test_the_order_of_cards_is_no_difference():
    backwards = {**SPECIFICATION, "cards": SPECIFICATION["cards"][::-1]}
    assert nova_config(backwards, 34) == nova_config(SPECIFICATION, 34)


def test_a_release_before_generic_types():
    assert body(plan(mdevs(), mdevs("nvidia-36", name="0000:85:00.0")), "wallaby") == (
        "[devices]\nenabled_vgpu_types = nvidia-35,nvidia-36\n\n"
        "[vgpu_nvidia-35]\ndevice_addresses = 0000:84:00.0\n\n"
        "[vgpu_nvidia-36]\ndevice_addresses = 0000:85:00.0\n"
    )


def test_parents_without_room_are_not_nova_s():
    text = body(plan(mdevs(totals=(1, 0, 1))), 34)
    assert "device_addresses = 0000:84:00.4,0000:84:00.6\n" in text
    assert nova_config(plan(mdevs(totals=(0,))), 34) == ""


def test_a_parent_that_is_no_pci_function():
    text = body(plan(mdevs("mtty-2", name="mtty", address=None)), "2026.2")
    assert "[mdev_mtty-2]\ndevice_addresses = mtty_mtty\n" in text


def test_whole_cards_and_virtual_functions():
    cards = plan(
        whole(name="0000:41:00.0", nova={"alias": "gpu"}),
        ports(name="0000:81:00.0", nova={"physical_network": "physnet1", "trusted": True}),
        ports(name="0000:82:00.0", vf_product_id="1592", num_vfs=2, nova={"alias": "nfv", "numa_policy": "required"}),
    )
    assert body(cards, 34) == (
        "[pci]\n"
        'device_spec = {"address": "0000:41:00.0", "vendor_id": "10de", "product_id": "1eb8"}\n'
        'device_spec = {"address": "0000:81:00.0", "vendor_id": "8086", "product_id": "1889",'
        ' "physical_network": "physnet1", "trusted": "true"}\n'
        'device_spec = {"address": "0000:82:10.0"}\n'
        'device_spec = {"address": "0000:82:10.1"}\n'
        'alias = {"name": "gpu", "vendor_id": "10de", "product_id": "1eb8", "device_type": "type-PCI"}\n'
        'alias = {"name": "nfv", "vendor_id": "8086", "product_id": "1592", "device_type": "type-VF",'
        ' "numa_policy": "required"}\n'
    )
    assert "\npassthrough_whitelist = " in nova_config(cards, 25)


def test_vgpus_of_the_vendor_framework_keep_their_driver():
    text = body(plan(vendor_vgpus(nova={"alias": "vgpu", "live_migratable": True})), 31)
    specs = [line for line in text.splitlines() if line.startswith("device_spec")]
    assert specs == [
        f'device_spec = {{"address": "0000:84:00.{function}", "managed": "no", "live_migratable": "yes"}}'
        for function in (4, 5, 6)
    ]
    assert '"device_type": "type-VF", "live_migratable": "yes"}' in text


def test_only_virtual_functions_that_have_a_vgpu():
    text = body(plan(vendor_vgpus(existing=(2,), count=2, total=2)), 34)
    assert [line[27:39] for line in text.splitlines()[1:]] == ["0000:84:00.4", "0000:84:00.6"]


@pytest.mark.parametrize(
    ("card", "managed"),
    [
        (ports(vf_driver="vfio-pci"), False),
        (ports(vf_driver="mlx5_vfio_pci"), True),
        (whole(driver="nvgrace_gpu_vfio_pci"), True),
        (whole(driver="vfio-pci"), False),
        (whole(driver="native"), False),
    ],
)
def test_who_manages_the_driver(card, managed):
    assert ('"managed": "no"' in nova_config(plan(card), 34)) == managed
    assert "managed" not in nova_config(plan(card), 30)


def test_pci_devices_in_placement():
    card = ports(
        resource_class="CUSTOM_NFV",
        traits=["CUSTOM_TIER_GOLD", "CUSTOM_RACK_1"],
        nova={"alias": "nfv", "live_migratable": False},
    )
    assert "CUSTOM" not in nova_config(plan(card), 34)
    text = body(plan(card), 34, report_in_placement=True)
    assert text.startswith("[pci]\nreport_in_placement = true\ndevice_spec = ")
    assert '"resource_class": "CUSTOM_NFV", "traits": "CUSTOM_RACK_1,CUSTOM_TIER_GOLD"}' in text
    assert '"vendor_id": "8086", "product_id": "1889", "device_type": "type-VF"}' in text
    text = body(plan(card), 34, report_in_placement="yes", pci_in_placement="yes")
    asked = '"resource_class": "CUSTOM_NFV", "traits": "CUSTOM_RACK_1,CUSTOM_TIER_GOLD", "device_type": "type-VF"}'
    assert f'alias = {{"name": "nfv", {asked}\n' in text
    assert text.endswith("\n[filter_scheduler]\npci_in_placement = true\n")


def test_one_time_use():
    card = whole(nova={"one_time_use": True}, total_vfs=16)
    assert '"one_time_use": "yes"' in nova_config(plan(card), 32, report_in_placement=True)


def test_a_card_that_can_have_virtual_functions_is_a_physical_function():
    assert '"type-PF"' in nova_config(plan(whole(total_vfs=16, nova={"alias": "gpu"})), 34)


def test_a_dollar_is_no_reference():
    assert '"physical_network": "a$$b"' in nova_config(plan(ports(nova={"physical_network": "a$b"})), 34)


def test_aliases_of_many_hosts():
    first = plan(whole(nova={"alias": "gpu"}), ports(name="0000:81:00.0", nova={"alias": "nfv"}))
    second = plan(whole(name="0000:c1:00.0", nova={"alias": "gpu"}), mdevs())
    assert body([first, second], 34, service="api") == (
        "[pci]\n"
        'alias = {"name": "gpu", "vendor_id": "10de", "product_id": "1eb8", "device_type": "type-PCI"}\n'
        'alias = {"name": "nfv", "vendor_id": "8086", "product_id": "1889", "device_type": "type-VF"}\n'
    )


def test_what_is_not_for_nova_or_not_yet_known():
    others = plan(mdevs(owner="none"), whole(owner="cyborg"), ports(num_vfs=0), later=[vendor_vgpus()])
    assert nova_config(others, 34) == ""
    assert body(others, 34, report_in_placement=True) == "[pci]\nreport_in_placement = true\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [((34, False, False, "web"), "service must be"), (("x",), "is not a nova release such as")],
)
def test_arguments(arguments, sentence):
    with pytest.raises(AnsibleFilterError, match=sentence):
        nova_config(plan(), *arguments)


@pytest.mark.parametrize("garbage", [None, [], "x", {"cards": [{}], "later": []}, {"cards": 1, "later": []}])
def test_what_is_no_plan(garbage):
    with pytest.raises(AnsibleFilterError, match="needs a plan of vfio.devices.resolve"):
        nova_config(garbage, 34)


def test_from_profiles(simulated):
    profile = {"name": "t4", "select": "product_id == '1eb8'", "vgpu": {"type": "GRID T4-2B"}}
    resolved = resolve([profile], simulated("t4").facts())
    addresses = ",".join(card["address"] for card in resolved["cards"])
    assert f"device_addresses = {addresses}\n" in nova_config(resolved, 34)


CARDS = st.builds(
    lambda make, index, nova, resource_class: make(
        name=f"0000:{index:02x}:00.0", nova=nova, resource_class=resource_class
    ),
    st.sampled_from([whole, ports, mdevs, vendor_vgpus]),
    st.integers(0, 255),
    st.fixed_dictionaries(
        {},
        optional={
            "alias": st.text(max_size=4),
            "physical_network": st.text(max_size=4),
            "trusted": st.booleans(),
            "live_migratable": st.booleans(),
            "one_time_use": st.booleans(),
            "max_instances": st.integers(1, 9),
        },
    ),
    st.sampled_from([None, "VGPU", "PGPU", "CUSTOM_A", "CUSTOM_B"]),
)


@given(
    cards=st.lists(CARDS, max_size=4, unique_by=lambda card: card["name"]),
    release=st.integers(21, 34),
    flags=st.tuples(st.booleans(), st.booleans()),
)
def test_every_line_is_an_option_or_it_is_refused(cards, release, flags):
    try:
        text = nova_config(plan(*cards), release, *flags)
    except AnsibleFilterError:
        return
    for line in text.split("\n"):
        assert not line or line.startswith(("#", "[")) or " = " in line


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_text_that_a_template_makes_of_null_is_not_given(nothing):
    plan = {"cards": [], "later": []}
    assert nova_config(plan, "34", report_in_placement=nothing, pci_in_placement=nothing) == nova_config(plan, "34")


def held(card, type_id, **parent):
    """Return the card with devices of another type, held by guests, on its first parent."""
    card["parents"][0].update(type=type_id, existing=1, total=1, **parent)
    return card


def test_a_parent_is_listed_under_the_type_that_its_guests_have():
    vfs = held(mdevs("new", (1, 1)), "old")
    text = body(plan(vfs), 34)
    assert text.startswith("[devices]\nenabled_mdev_types = new,old\n")
    assert "[mdev_new]\ndevice_addresses = 0000:84:00.5\n" in text
    assert "[mdev_old]\ndevice_addresses = 0000:84:00.4\n" in text


def test_nobody_has_looked_for_users():
    card = mdevs("new")
    card["parents"][0]["now"] = {"type": "old", "existing": 2, "total": 4}
    assert body(plan(card), 34) == (
        "[devices]\nenabled_mdev_types = old\n\n[mdev_old]\ndevice_addresses = 0000:84:00.0\n"
    )


def test_the_class_of_a_type_is_that_of_the_profile_that_declares_it():
    waiting = held(mdevs("new", resource_class="CUSTOM_NEW"), "old")
    waiting.update(next_type=waiting["type"], type={"id": "old", "name": None, "device_api": None})
    old = mdevs("old", name="0000:85:00.0", resource_class="CUSTOM_OLD", profile="q")
    assert "[mdev_old]\ndevice_addresses = 0000:84:00.0,0000:85:00.0\nmdev_class = CUSTOM_OLD\n" in body(
        plan(waiting, old), 34
    )


GOLD = ["CUSTOM_GOLD"]


def test_virtual_functions_of_the_host_stay_there():
    card = ports(name="0000:81:00.0", nova={"alias": "nfv"})
    card["host_functions"] = card["virtual_functions"][:1]
    text = nova_config(plan(card), 34)
    assert [name for name in card["virtual_functions"] if name in text] == card["virtual_functions"][1:]
    assert '"0000:81:00.0"' not in text


@pytest.mark.parametrize(("release", "number"), [(28, 1), (29, 0), (24, 1)])
def test_a_single_type_of_old_releases_is_used_on_all_cards(release, number):
    other = {"name": "0000:3b:00.0", "address": "0000:3b:00.0", "framework": "mdev", "types": ["nvidia-35"]}
    host = {**plan(mdevs()), "unselected": [other, {**other, "name": "0000:3c:00.0", "types": ["nvidia-40"]}]}
    found = refusals(nova_config, host, release) if number else []
    assert len(found) == number
    assert all("would use 0000:3b:00.0 of no profile too" in line for line in found)
    two = {**plan(mdevs(traits=GOLD), mdevs("b", name="0000:85:00.0", profile="q", traits=["CUSTOM_B"]))}
    assert nova_config({**two, "unselected": [other]}, release)


def test_functions_beyond_the_capacity_of_a_card_before_nova_29():
    card = mdevs(totals=(1, 0, 1))
    lines = body(plan(card), 28).splitlines()
    assert lines[1] == "enabled_mdev_types = nvidia-35,none"
    assert lines[-2:] == ["[mdev_none]", f"device_addresses = {card['parents'][1]['name']}"]
    assert "none" not in body(plan(card), 29)
    (sentence,) = refusals(nova_config, plan(card), 21)
    assert sentence.startswith("nova 21 uses the type on all virtual functions of 0000:84:00.0, which are more than")


@pytest.mark.parametrize(
    ("name", "stops"), [("mtty", True), ("0.0.0313", True), ("matrix", True), ("mdpy", False), ("mbochs", False)]
)
def test_nova_stops_at_a_parent_without_pci_ids(name, stops):
    other = {"name": name, "address": None, "framework": "mdev", "types": ["t"]}
    host = {**plan(mdevs()), "unselected": [other]}
    found = refusals(nova_config, host, 34) if stops else []
    assert bool(found) == stops
    assert all(f"nova fails at the parent {name}" in line for line in found)
    assert stops or nova_config(host, 34)
    assert nova_config({**host, "cards": []}, 34) == ""
    mine = mdevs("t", address=None, name=name, profile="m", owner="none", vendor_id=None, **{"class": None})
    assert bool([line for line in _refused(plan(mdevs(), mine)) if "nova fails at the parent" in line]) == stops


def _refused(host):
    try:
        nova_config(host, 34)
    except AnsibleFilterError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("count", "existing", "limit", "works"),
    [(None, 3, 2, False), (None, 3, 3, True), (None, 0, 2, True), (3, 5, 3, True), (4, 0, 3, False)],
)
def test_the_limit_of_a_type_and_the_devices_that_there_are(count, existing, limit, works):
    card = mdevs(totals=(1,) * 6, count=count, nova={"max_instances": limit})
    for parent in card["parents"][:existing]:
        parent["existing"] = 1
    assert works == (not _refused(plan(card)))


@pytest.mark.parametrize("kept", ["mdev_class = CUSTOM_OLD\n", "mdev_class = CUSTOM_OLD\nmax_instances = 4\n", ""])
def test_devices_that_stay_for_now_keep_their_class(kept):
    card = held(mdevs("new", resource_class="CUSTOM_NEW"), "old")
    card.update(next_type=card["type"], type={"id": "old", "name": None, "device_api": None})
    present = f"[devices]\nenabled_mdev_types = old\n\n[mdev_old]\ndevice_addresses = 0000:84:00.0\n{kept}"
    assert body(plan(card), 34, present=present) == present
    assert body(plan(card), 34, present="no = file [").endswith("mdev_class = CUSTOM_NEW\n")


@pytest.mark.parametrize(
    ("release", "libvirt", "fits"),
    [
        ("23", "11.3.0", False),
        ("wallaby", "7.7", False),
        ("23", "7.6.0", True),
        ("24.1.0", "8.0.0", False),
        ("24.2.1", "8.0.0", True),
        ("2022.1", "8.0.0", True),
        ("25", "11.3.0", True),
        ("23", "", True),
    ],
)
def test_names_of_mediated_devices_of_libvirt(release, libvirt, fits):
    if fits:
        assert nova_config(plan(mdevs()), release, libvirt=libvirt)
    else:
        assert (
            "cannot parse the names of mediated devices"
            in refusals(nova_config, plan(mdevs()), release, libvirt=libvirt)[0]
        )
    assert nova_config(plan(ports()), "23", libvirt="11.3.0")


def test_a_version_of_libvirt():
    with pytest.raises(AnsibleFilterError, match="libvirt must be a version such as 11.3.0, and not"):
        nova_config(plan(mdevs()), 34, libvirt="new")


def test_devices_of_a_smart_nic():
    text = nova_config(plan(ports(nova={"remote_managed": True, "physical_network": "physnet1"})), 34)
    assert '{"address": "0000:84:10.3", "physical_network": "physnet1", "remote_managed": "true"}' in text
    assert "0000:84:00.0" not in text


def test_functions_that_guests_have_stay_in_the_settings():
    card = ports(mode="pf", num_vfs=4, held_mode="vf", nova={"alias": "whole"})
    text = body(plan(card), 34)
    assert 'device_spec = {"address": "0000:84:00.0", "vendor_id": "8086", "product_id": "1889"}\n' in text
    assert '"product_id": "1592", "device_type": "type-PF"}' in text
    back = ports(held_mode="pf", nova={"alias": "nfv"})
    assert 'device_spec = {"address": "0000:84:00.0", "vendor_id": "8086", "product_id": "1592"}\n' in body(
        plan(back), 34
    )
