# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import selection, unselected


def test_all_other_cards_in_order(simulated):
    subjects = selection.subjects(simulated("t4").facts())
    found = unselected.of_host(subjects, {"0000:3b:00.0"})
    assert [card["name"] for card in found] == ["0000:18:00.0", "0000:af:00.0"]
    assert (found[0]["framework"], found[0]["types"]) == (None, [])
    assert (found[1]["framework"], found[1]["vendor_id"], found[1]["class"]) == ("mdev", "10de", "0302")
    assert "nvidia-223" in found[1]["types"]


def test_a_parent_that_is_no_pci_function(simulated):
    (found,) = unselected.of_host(selection.subjects(simulated("mtty").facts()), set())
    assert (found["name"], found["address"], found["framework"]) == ("mtty", None, "mdev")


def test_functions_with_a_vdpa_device(simulated):
    subjects = selection.subjects(simulated("mixed").facts())
    first, second = subjects["0000:d8:00.0"]["virtual_functions"][:2]
    first["vdpa"], second["vdpa"] = ["vdpa0"], []
    (card,) = [one for one in unselected.of_host(subjects, set()) if one["name"] == "0000:d8:00.0"]
    assert card["vdpa_functions"] == [first["address"]]
