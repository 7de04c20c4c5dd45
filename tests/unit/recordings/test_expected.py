# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the output of the collection for each recorded host."""

from __future__ import annotations

import difflib
import json

import pytest
from ansible_collections.vfio.devices.tests.recordings import HOSTS, hosts
from ansible_collections.vfio.devices.tests.recordings.expected import expected
from ansible_collections.vfio.devices.tests.recordings.renew import WIDTH, pretty
from ansible_collections.vfio.devices.tests.recordings.replay import load


@pytest.mark.parametrize("name", hosts())
def test_facts_and_answers(name):
    said = json.loads(json.dumps(expected(load(HOSTS / name))))
    facts = said.pop("facts")
    for file, value in (("facts.json", facts), ("answers.json", said)):
        lines = ((HOSTS / name / file).read_text(encoding="utf-8").splitlines(), pretty(value, WIDTH).splitlines())
        difference = "\n".join(difflib.unified_diff(*lines, f"{name}/{file}", "now", lineterm=""))
        if difference:
            pytest.fail(f"make recordings writes them anew:\n{difference}", pytrace=False)


def test_hosts_and_vendors():
    functions = [
        card for name in hosts() for card in json.loads((HOSTS / name / "facts.json").read_text())["physical_functions"]
    ]
    assert len(hosts()) >= 12
    assert len({card["vendor_id"] for card in functions}) >= 6


@pytest.mark.parametrize("name", hosts())
def test_source_is_named(name):
    source = (HOSTS / name / "source.yml").read_text(encoding="utf-8")
    assert "\nsource: " in source
    assert "\nlicence: " in source
