# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare provider configurations of operators with the real nova: the filter rejects what nova cannot use."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter.provider_config import provider_config
from ansible_collections.vfio.devices.plugins.plugin_utils._clouds.provider_yaml import entries
from ansible_collections.vfio.devices.tests.integration.nova.conftest import VERSIONS, answer
from ansible_collections.vfio.devices.tests.unit.plans import plan
from ansible_collections.vfio.devices.tests.unit.plugins.plugin_utils._clouds import (
    test_nova_other_providers as conflicts,
)
from ansible_collections.vfio.devices.tests.unit.plugins.plugin_utils._clouds import test_provider_yaml as files

TEXTS = [*files.VALID, *(text for text, sentence in files.INVALID)]


@pytest.mark.parametrize("release", [24, 34])
def test_files_that_nova_takes(ask, tmp_path, release):
    for number, text in enumerate(TEXTS):
        directory = tmp_path / str(number)
        directory.mkdir()
        place = directory / "a.yaml"
        if text is None:
            place.symlink_to("/missing")
        else:
            place.write_text(text)
        found = ask("nova", directory, version=VERSIONS[release])
        listed, problems = entries("a.yaml", text)
        assert bool(problems) == ("error" in found), (text, found, problems)
        assert problems or {one.provider for one in listed} == set(found)


# The provider of each card: name, owner, resource class and traits.
PROVIDERS = {
    "0000:84:00.0": ("c_pci_0000_84_00_0", "nova", "VGPU", []),
    "0000:85:00.0": ("c_pci_0000_85_00_0", "nova", "VGPU", []),
    "0000:81:00.0": ("c_0000:81:00.0", "nova", "CUSTOM_NFV", ["CUSTOM_FAST"]),
    "0000:82:00.0": ("c_0000:82:00.0", "nova", "CUSTOM_NFV", ["CUSTOM_SLOW"]),
    "0000:86:00.0": ("c_vfio_0000:86:00.0", "none", "CUSTOM_CARD", []),
}
STOPS = ("does not start", "no longer updates the host", "at the second report", "accepts only names with")


@pytest.mark.parametrize(("cards", "content", "options", "sentence"), conflicts.CONFLICTS)
def test_files_beside_ours(started, tmp_path, cards, content, options, sentence):
    ours = provider_config(plan(*cards), "c", 34, **options)
    for name, text in (("vfio-devices.yaml", ours), ("site.yaml", json.dumps(content))):
        if text:
            (tmp_path / name).write_text(text)
    children = {name: one for name, *one in (PROVIDERS[card["name"]] for card in cards)}
    if not options.get("report_in_placement"):
        children = {name: one for name, one in children.items() if one[1] != "CUSTOM_NFV"}
    question = {"path": "provider tree", "directory": str(tmp_path), "root": "c", "children": children}
    found = answer(started("nova", None), question)
    assert ("error" in found) == any(word in (sentence or "") for word in STOPS), found
    try:
        provider_config(plan(*cards), "c", 34, service=conflicts.service(content), path=conflicts.PATH, **options)
        refused = ""
    except AnsibleFilterError as error:
        refused = str(error)
    assert bool(refused) == (sentence is not None)
