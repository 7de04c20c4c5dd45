# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import value_checks


def test_each_item_of_a_list_is_named():
    with pytest.raises(ValueError, match=r"\Acards\[1\] must be printable text .*\ncards\[2\] must be ") as caught:
        value_checks.list_of(["a", "", 5], "cards", value_checks.text)
    assert len(str(caught.value).splitlines()) == 2


def test_a_long_list_is_shortened():
    with pytest.raises(ValueError, match=r"cards has 5 more such items\Z"):
        value_checks.list_of([""] * 15, "cards", value_checks.text)


def test_a_secret_is_not_shown():
    with pytest.raises(ValueError, match="Its value is not shown") as caught:
        value_checks.auth("hush", "placement_auth")
    assert "hush" not in str(caught.value)


def test_a_service_is_named_with_an_example():
    with pytest.raises(ValueError, match="nova_config_service must be the name of a systemd service such as nova-comp"):
        value_checks.service("../x", "nova_config_service")


def test_cards_in_a_text_are_separated_by_blanks():
    value_checks.cards("0000:3b:00.0 0000:af:00.0", "drain_cards")
    with pytest.raises(ValueError, match="separated by blanks, such as -e drain_cards='a b', and not 'a, b'"):
        value_checks.cards("a, b", "drain_cards")
