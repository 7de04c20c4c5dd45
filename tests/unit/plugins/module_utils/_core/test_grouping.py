# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core.grouping import grouped, labelled

FIRST, SECOND, THIRD = "0000:41:00.0", "0000:65:00.0", "0000:af:00.1"


def test_the_same_of_several_cards_is_one_sentence():
    sentences = [f"profile a ({card}): {card} is in no IOMMU group" for card in (FIRST, SECOND)]
    other = f"profile b ({THIRD}): {THIRD} is in no IOMMU group"
    assert grouped([sentences[0], other, sentences[1]]) == [
        f"profile a ({FIRST}, {SECOND}): each card is in no IOMMU group",
        other,
    ]


def test_other_sentences_stay_as_they_are():
    sentences = [
        "profile a: there is no key model",
        "profile b: there is no key model",
        f"{FIRST} is in no IOMMU group",
        f"{SECOND} is in no IOMMU group",
        f"profile a ({FIRST}): {SECOND} shares its IOMMU group",
        f"profile a ({SECOND}): {FIRST} shares its IOMMU group",
        f"VF {FIRST} of {SECOND}: it is in use",
        f"VF {THIRD} of {SECOND}: it is in use",
    ]
    assert grouped(sentences) == sentences


def test_the_same_sentence_twice_is_said_once():
    assert grouped([f"profile a ({FIRST}): no"] * 2) == [f"profile a ({FIRST}): no"]


@pytest.mark.parametrize(
    ("label", "sentence", "expected"),
    [
        (f"profile a ({FIRST})", f"{FIRST} has no IOMMU group", "it has no IOMMU group"),
        (f"profile a ({FIRST})", f"{FIRST}: there is no type", "there is no type"),
        (f"profile a ({FIRST})", f"{SECOND} is in its group", f"{SECOND} is in its group"),
        ("gpus[0]", f"{FIRST} is in use", f"{FIRST} is in use"),
        (f"profile a ({FIRST})", "it is pinned", "it is pinned"),
    ],
)
def test_a_label_names_its_card_once(label, sentence, expected):
    assert labelled(label, sentence) == f"{label}: {expected}"


def test_a_long_list_is_cut():
    cards = [f"0000:0{number}:00.0" for number in range(8)]
    (sentence,) = grouped(f"profile a, {card}: it has no SR-IOV" for card in cards)
    assert sentence == f"profile a, {', '.join(cards[:5])} and 3 more: it has no SR-IOV"
