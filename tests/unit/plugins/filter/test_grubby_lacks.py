# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.grubby_lacks import FilterModule

grubby_lacks = FilterModule().filters()["grubby_lacks"]
ENTRY = 'index=0\nkernel="/boot/vmlinuz-6.1"\nargs="{}"\nroot="UUID=1"\n'


@pytest.mark.parametrize(
    ("entries", "lacks"),
    [
        (["ro iommu=pt intel_iommu=on"], False),
        (["ro iommu=pt intel_iommu=on", "intel_iommu=on iommu=pt"], False),
        # One of the entries lacks one of the arguments.
        (["ro iommu=pt intel_iommu=on", "ro iommu=pt"], True),
        (["ro iommu=ptx intel_iommu=on"], True),
        ([""], True),
        ([], True),
    ],
)
def test_each_entry_needs_each_argument(entries, lacks):
    output = "".join(ENTRY.format(entry) for entry in entries)
    assert grubby_lacks(output, ["intel_iommu=on", "iommu=pt", "iommu=pt"]) is lacks


def test_what_is_no_output():
    with pytest.raises(AnsibleFilterError, match="grubby_lacks needs the output"):
        grubby_lacks(None, [])
