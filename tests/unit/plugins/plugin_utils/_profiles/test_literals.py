# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import jmespath
import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import literals


def wrong(text):
    return list(literals.wrong(jmespath.compile(text).parsed))


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("product_id == '1EB8'", "1eb8"),
        ("product_id == '0x1eb8'", "1eb8"),
        ("product_id == '0X1EB8'", "1eb8"),
        ("'10DE' != vendor_id", "10de"),
        ("vf_product_id == '0eb'", "00eb"),
        ("subsystem_product_id == 'ABCD' && driver", "abcd"),
        ("subsystem_vendor_id == 'ABCD' || driver", "abcd"),
        ("class == '0x0302'", "0302"),
        ("class == '030200'", "0302"),
        ("starts_with(class, '0X03')", "03"),
        ("contains(['1eb8', '1EB9'], product_id)", "1eb9"),
        ('contains(`["1EB9"]`, product_id)', "1eb9"),
        ("address == '3B:00.0'", "0000:3b:00.0"),
        ("name == '0000:3B:00.0'", "0000:3b:00.0"),
        ("physical_function == '3b:00.0'", "0000:3b:00.0"),
        ("virtual_functions[?address == '0000:3B:00.0']", "0000:3b:00.0"),
        ("!(@.product_id == '1EB8')", "1eb8"),
        ("driver == 'vfio_pci'", "vfio-pci"),
        ("virtual_functions[?driver_override != 'VFIO-PCI']", "vfio-pci"),
    ],
)
def test_the_right_spelling_is_told(text, instead):
    (sentence,) = wrong(text)
    assert sentence.endswith(f". Write '{instead}'")


@pytest.mark.parametrize(
    "text", ["product_id == ''", "product_id == '1eb8 '", "class == '03'", "vendor_id == 'nvidia'", "address == 'mtty'"]
)
def test_what_has_no_right_spelling(text):
    (sentence,) = wrong(text)
    assert sentence.startswith(f"{text.partition(' ')[0]} must be ") and ", and not " in sentence
    assert "Write" not in sentence


@pytest.mark.parametrize(
    "text",
    [
        "product_id == '1eb8'",
        "starts_with(class, '03')",
        "contains(address, ':3b:')",
        "name == 'mtty'",
        "name == '0000:3b:00.0'",
        "driver == 'NVIDIA'",
        "types[0:2].name",
        "types[?name == 'GRID T4-2B']",
        "vendor_id == `null`",
        "vendor_id == product_id",
    ],
)
def test_right(text):
    assert wrong(text) == []
