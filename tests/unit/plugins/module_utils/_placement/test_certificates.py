# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._placement import certificates
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError


@pytest.mark.parametrize("text", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\n"])
def test_a_file_that_cannot_be_used_is_named(tmp_path, text):
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PlacementError, match="ca.pem cannot be used: "):
        certificates.check(str(path), None)
    with pytest.raises(PlacementError, match="client_cert .*ca.pem with client_key cannot be used: "):
        certificates.check(True, (str(path), str(path)))


def test_no_file():
    certificates.check(True, None)
    certificates.check(False, None)
