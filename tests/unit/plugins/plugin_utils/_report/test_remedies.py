# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._report import remedies


@pytest.mark.parametrize(
    ("level", "text", "remedy"),
    [
        (
            "problem",
            ("no facts, because the host was not reached or the read failed. Read the output of the play"),
            "ansible.builtin.ping",
        ),
        ("problem", "not readable: sys/bus/pci: EIO", "become: true"),
        ("problem", "profiles that do not fit the host: profile a: it has no select", "Correct vfio_profiles"),
        ("drift", "12 virtual functions instead of 16", "reprofile"),
        ("drift", "a total of 8 in Placement, and 16 on the host", "placement_publish: true"),
        ("drift", "a total of 8 in Placement, and 16 on the host (reported by the service of owner nova)", "Restart"),
        (
            "drift",
            "a provider for vfio_mtty in Placement, but the card is missing on the host",
            "placement_purge: true",
        ),
        # placement_purge removes only providers of this collection.
        ("drift", "a provider for pci_0000_99_00_0 in Placement, but the card is missing on the host", "delete UUID"),
        ("drift", "no provider of the host in Placement, so its cards have no providers", "placement_root"),
        ("problem", "in one IOMMU group with 0000:41:00.1, so it can only be passed through together with it", "ACS"),
    ],
)
def test_each_warning_has_a_remedy(level, text, remedy):
    assert remedy in remedies.remedy_for(level, text)


def test_a_note_may_have_none():
    assert remedies.remedy_for("note", "something that is good to know") is None


def test_numbers_and_addresses_are_not_the_cause():
    assert remedies.cause("12 virtual functions instead of 16") == remedies.cause("3 virtual functions instead of 8")
    assert remedies.cause("with 0000:41:00.1, here") == remedies.cause("with 0000:af:00.0, here")
    assert remedies.cause("mode pf instead of vf") != remedies.cause("mode vf instead of pf")
