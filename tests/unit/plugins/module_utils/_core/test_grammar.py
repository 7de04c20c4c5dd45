# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import grammar
from hypothesis import given
from hypothesis import strategies as st

GOOD = [
    (grammar.pci_address, "0000:3b:00.0", "0000:3b:00.0"),
    (grammar.pci_address, "0000:AF:1F.7", "0000:af:1f.7"),
    (grammar.pci_address, "10000:e1:00.0", "10000:e1:00.0"),
    (grammar.uuid, "83B8F4F2-509F-382F-3C1E-E6BFE0FA1001", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"),
    (grammar.uuid, "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"),
    (grammar.parent_name, "0.0.0313", "0.0.0313"),
    (grammar.parent_name, "mtty", "mtty"),
    (grammar.type_id, "i915-GVTg_V5_4", "i915-GVTg_V5_4"),
    (grammar.interface_name, "ens1f0np0", "ens1f0np0"),
    (grammar.interface_name, "eth0.100", "eth0.100"),
    (grammar.service_unit, "openstack-nova-compute.service", "openstack-nova-compute.service"),
    (grammar.service_unit, "snap.nova@cell1.2", "snap.nova@cell1.2"),
    (grammar.service_unit, "x" * 247, "x" * 247),
    (grammar.pci_class, "02", "02"),
    (grammar.pci_class, "0C03", "0c03"),
    (grammar.pci_class, "010802", "010802"),
]
BAD = [
    (
        grammar.pci_address,
        ["", "84:00.0", "0000:84:00:0", "0000:84:20.0", "0000:84:00.8", "0000:84:00.0\n", "g000:84:00.0"],
    ),
    (grammar.uuid, ["", "{83b8f4f2-509f-382f-3c1e-e6bfe0fa1001}", "83b8f4f2509f382f3c1ee6bfe0fa1001"]),
    (grammar.parent_name, ["", ".", "..", "a/b", "a\0b", "a b", "x" * 256]),
    (grammar.type_id, ["", "..", "../mtty-1", "mtty-1\n"]),
    (grammar.interface_name, ["", "..", "a/b", "eth0:1", "x" * 16, "eth 0"]),
    (
        grammar.service_unit,
        ["", "../x", "..", ".nova", "a b", "nova@", "nova@.service", "@x", "nova.socket", "nova.timer.service", "a\n"]
        + ["x" * 248, "no\u0301va", ".service", "a/b", "nova\0"],
    ),
    (grammar.pci_class, ["", "2", "020", "0x02", "zz", "02000000"]),
]


@pytest.mark.parametrize(("check", "text", "normal"), GOOD)
def test_taken(check, text, normal):
    assert check(text) == normal


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in BAD for text in texts])
def test_refused(check, text):
    with pytest.raises(ValueError, match="is not a .* such as"):
        check(text)


@given(text=st.text())
@pytest.mark.parametrize("check", [check for check, texts in BAD])
def test_what_is_taken_is_one_harmless_path_part(check, text):
    try:
        part = check(text)
    except ValueError:
        return
    assert part not in ("", ".", "..")
    assert not set(part) & set("/\0 \n")


def test_all_wrong_ones_are_told_at_once():
    with pytest.raises(ValueError, match=r"classes: 'q' is .*; '0x2' is ") as caught:
        grammar.check_all(grammar.pci_class, ["02", "q", "0x2"], "classes")
    assert "'02'" not in str(caught.value)


@given(text=st.text(alphabet=st.one_of(st.sampled_from("/.a~\0\n\x1b"), st.characters())))
def test_a_path_that_is_taken_names_one_file_below_the_root(text):
    try:
        path = grammar.file_path(text)
    except ValueError as error:
        assert str(error).isprintable()
        return
    assert path == text == os.path.normpath(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert not set(path) & set("\0\n\r\x1b\x7f")
    path.encode()


@pytest.mark.parametrize(
    "path", ["/a", "/etc/nova/nova.conf.d/50-vfio-devices.conf", "/a b/..c/.d", "/procedure/é", "/sysfs"]
)
def test_paths_of_files(path):
    assert grammar.file_path(path) == path
