# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement.redaction import Secrets


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("x", "Max retries exceeded, token x, x=1", "Max retries exceeded, token ***, ***=1"),
        ("admin", 'administrators, user_admin and "admin"', 'administrators, user_*** and "***"'),
        ("a+b", "a+b", "***"),
        ("0123456789abcdef", "token=x0123456789abcdefx", "token=x***x"),
        ("other", "http://me:pass@host/v3", "http://host/v3"),
    ],
)
def test_short_secrets_are_hidden_as_words_and_long_ones_anywhere(secret, text, shown):
    assert Secrets({secret}).hide(text) == shown
