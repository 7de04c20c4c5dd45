# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import names
from hypothesis import given
from hypothesis import strategies as st

A_ROOT = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize("text", ["VGPU", "CUSTOM_X", "CUSTOM_" + "A" * 248, "HW_GPU_API_VULKAN", "CUSTOM_1_2"])
def test_classes_and_traits(text):
    assert names.resource_class(text) == names.trait(text) == text


@pytest.mark.parametrize("text", ["", "vgpu", "CUSTOM_", "CUSTOM_a", "CUSTOM_A-B", "CUSTOM_" + "A" * 249, "A\n", "1A"])
def test_no_classes_and_traits(text):
    with pytest.raises(ValueError, match="is not a trait such as"):
        names.trait(text)


@pytest.mark.parametrize("text", ["node", "node_0000:84:00.0", "a b/c", "x" * 200, "ü"])
def test_provider_names(text):
    assert names.provider_name(text) == text


@pytest.mark.parametrize("text", ["", " ", " a", "a ", "a\nb", "x" * 201, "\x00"])
def test_no_provider_names(text):
    with pytest.raises(ValueError, match="is not the name of a provider"):
        names.provider_name(text)


@given(text=st.text())
def test_any_text_is_taken_or_refused(text):
    for check in (names.provider_name, names.trait, names.resource_class):
        try:
            assert check(text) == text
        except ValueError as error:
            assert len(str(error)) < 600


def test_uuids_are_the_same_each_time_and_differ_by_root_and_name():
    assert names.derived_uuid(A_ROOT, "a") == "096d135a-ebc0-5af4-848c-49fa7fdbe382"
    assert len({names.derived_uuid(root, name) for root in (A_ROOT, None) for name in ("a", "b")}) == 4


@pytest.mark.parametrize(
    ("traits", "who"),
    [
        ([], None),
        (["CUSTOM_X"], None),
        (["OWNER_NOVA"], "nova"),
        (["COMPUTE_NODE"], "nova"),
        (["OWNER_CYBORG"], "cyborg"),
        (["OWNER_CYBORG", names.MARKER], "vfio.devices"),
    ],
)
def test_owner(traits, who):
    assert names.owner(traits) == who


@pytest.mark.parametrize(
    ("name", "traits", "who"),
    [
        (
            "host.example_pci_0000_84_00_0",
            [],
            "nova-compute creates a provider with this name itself, and fails if another service has created it. "
            "Remove the entry, or use another name",
        ),
        (
            "host_pci_0000_84_00_0",
            [],
            "nova-compute creates a provider with this name itself, and fails if another service has created it. "
            "Remove the entry, or use another name",
        ),
        (
            "HOST.example_mtty_mtty",
            [],
            "nova-compute creates a provider with this name itself, and fails if another service has created it. "
            "Remove the entry, or use another name",
        ),
        ("host.example_0000:84:00.0", [], "cyborg-agent"),
        ("host.example_0000:AF:00.0", [], "cyborg-agent"),
        ("host.example_0000:AF:00.0", ["OWNER_CYBORG"], "cyborg-agent"),
        ("host.example_0000:af:00.0", ["OWNER_CYBORG"], None),
        ("host.example_vfio_0000:84:00.0", [], None),
        ("other_0000:84:00.0", [], None),
        ("host.example", [], None),
        ("host.example_pci", [], None),
    ],
)
def test_names_that_others_make(name, traits, who):
    reason = names.name_conflict(name, "host.example", traits)
    assert (who in reason) if who else reason is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("compute1", ["compute1.example.com"]),
        ("Compute2.Example.com", ["COMPUTE2.example.com"]),
        ("compute3.example.com", ["compute1.example.com", "COMPUTE2.example.com", "compute30.example.com"]),
        ("zz", ["compute1.example.com", "COMPUTE2.example.com", "compute30.example.com", "storage-9.other.net"]),
    ],
)
def test_similar_names(name, found):
    known = ["storage-9.other.net", "compute1.example.com", "COMPUTE2.example.com", "compute30.example.com"]
    assert sorted(names.similar(name, known)[: len(found)]) == sorted(found)
    assert names.similar(name, []) == []


def test_the_same_host_comes_first_and_few_are_named():
    known = [f"gpu{number}.example.com" for number in range(1, 50)]
    assert names.similar("gpu7", known) == ["gpu7.example.com"]
    assert names.similar("gpu7.example.org", known)[0] == "gpu7.example.com"
    assert len(names.similar("gpu7.example.org", known)) == names.SIMILAR_AT_MOST


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("cmp1", ["CMP1.example.net", "Cmp1.example.org"]),
        ("cMP1.example.com", ["CMP1.example.net", "Cmp1.example.org"]),
        ("cmp", []),
        ("10.0.0.1", []),
        ("10.0.0.2", ["10.0.0.2"]),
    ],
)
def test_the_same_host(name, same):
    assert names.same_host(name, ["Cmp1.example.org", "cmp10", "10.0.0.2", "CMP1.example.net"]) == same


@pytest.mark.parametrize("name", ["a_vfio_0000:AF:00.0", "a_b_0000:af:00.0", "a_vfio_b_vfio_0000:af:00.0"])
def test_the_card_of_a_provider(name):
    assert names.card_of(name) == "0000:af:00.0"
    assert names.card_of("a_vfio_mtty_mtty") == "mtty_mtty"


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("node_pci_0000_41_00_0", "0000:41:00.0"),
        ("node_PCI_10000_E1_00_0", "10000:e1:00.0"),
        ("node_0000:41:00.0", None),
        ("node_mtty_mtty", None),
    ],
)
def test_card_of_a_node_device(name, card):
    assert names.card_of_node_device(name) == card
