# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._report import pci_classes


@pytest.mark.parametrize(
    ("pci_class", "word"),
    [("0302", "3D"), ("0380", "display"), ("0200", "Ethernet"), ("0280", "network"), ("0c03", "0c03"), (None, "")],
)
def test_the_longest_known_beginning_counts(pci_class, word):
    assert pci_classes.words(pci_class) == word
