# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host.errors import describe, error_name, is_deadline


@pytest.mark.parametrize(
    ("number", "name"),
    [(errno.EBUSY, "EBUSY"), (errno.EOPNOTSUPP, "EOPNOTSUPP"), (None, "an unknown error"), (524, "an unknown error")],
)
def test_names(number, name):
    assert error_name(OSError(number, "text")) == name


def test_description_has_name_and_text():
    assert describe(OSError(errno.EBUSY, "Device or resource busy")) == "EBUSY (Device or resource busy)"


def test_a_deadline_of_ours_is_no_answer_of_a_driver():
    assert is_deadline(TimeoutError())
    assert not is_deadline(TimeoutError(errno.ETIMEDOUT, "Connection timed out"))
    assert not is_deadline(OSError(errno.EBUSY, "busy"))
