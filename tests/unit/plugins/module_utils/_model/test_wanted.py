# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._model.host import VfSettings
from ansible_collections.vfio.devices.plugins.module_utils._model.wanted import BindingWanted, CardTarget, VfTarget


def test_what_is_not_wanted_stays_as_it_is():
    target = CardTarget(BindingWanted("ice"), None)
    assert (target.autoprobe, target.eswitch, target.vf_binding, dict(target.vfs)) == (None, None, None, {})
    assert VfTarget().binding is None
    assert VfTarget().settings == VfSettings()
