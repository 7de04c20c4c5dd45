# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import command_line, variable_checks


def test_the_remedy_can_be_pasted():
    assert variable_checks.refusals({"vfio_accept_unseen": "libvirt"}) == [
        "vfio_accept_unseen must be a list, and not 'libvirt'. Write vfio_accept_unseen: [\"libvirt\"], "
        'or on the command line -e \'{"vfio_accept_unseen": ["libvirt"]}\''
    ]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("csv,json", ["csv", "json"]),
        ("csv json", ["csv", "json"]),
        ("['csv', 'json']", ["csv", "json"]),
        ("", ["VALUE"]),
        ("[]", ["VALUE"]),
        ("a'; rm -rf /", ["a", ";", "rm", "-rf", "/"]),
        ("a\n", ["VALUE"]),
        ("a " * 300, ["VALUE"]),
        ("a " * 50, ["a"] * command_line.MOST),
    ],
)
def test_the_items_of_a_text(text, items):
    sentence = command_line.no_list("report_formats", text)
    (pasted,) = re.findall(r"-e '([^']*)'\Z", sentence)
    assert json.loads(pasted) == {"report_formats": items}
    assert sentence.isprintable()
