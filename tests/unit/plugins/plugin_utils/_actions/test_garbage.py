# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import filters, garbage


@pytest.mark.parametrize(("arguments", "calls"), [({"verbosity": 0}, ["freeze", garbage.GARBAGE_THRESHOLD]), ({}, [])])
def test_only_a_run_of_ansible_keeps_its_objects(arguments, calls, monkeypatch):
    called = []
    monkeypatch.setattr(context, "CLIARGS", CLIArgs(arguments))
    monkeypatch.setattr(filters, "load_filters", lambda: None)
    monkeypatch.setattr(garbage.gc, "freeze", lambda: called.append("freeze"))
    monkeypatch.setattr(garbage.gc, "set_threshold", called.append)
    importlib.reload(importlib.import_module("ansible_collections.vfio.devices.plugins.action.cards"))
    assert called[-2:] == calls
