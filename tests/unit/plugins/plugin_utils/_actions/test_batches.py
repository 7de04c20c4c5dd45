# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.plugin_utils._actions import batches

HOSTS = ("a", "b", "c")


def play(batch, active=HOSTS):
    return {
        "ansible_play_hosts_all": HOSTS,
        "ansible_play_hosts": active,
        "ansible_play_batch": batch,
        batches.BATCHED: True,
    }


@pytest.mark.parametrize("serial", [1, "2", "50%", "1%", [1, "100%"], ["1"]])
def test_batches_of_the_inventory_are_refused(serial):
    (sentence,) = batches.refusals(play(HOSTS), serial)
    assert sentence.startswith(f"vfio_serial: {serial} is ignored, because it is a variable of the inventory. All 3 ")
    if not isinstance(serial, list):
        assert sentence.endswith(f"-e 'vfio_serial={serial}'")


def test_the_remedy_of_a_list_can_be_pasted():
    (sentence,) = batches.refusals(play(HOSTS), [1, "100%"])
    assert sentence.endswith("""-e '{"vfio_serial": [1, "100%"]}'""")


@pytest.mark.parametrize("serial", [None, 3, 100, "100%", ["100%", 1]])
def test_one_batch_is_right(serial):
    assert batches.refusals(play(HOSTS), serial) == []


def test_smaller_batches_are_right():
    assert batches.refusals(play(HOSTS[:1]), 1) == []
    assert batches.refusals(play(HOSTS[:2]), 2) == []


def test_other_plays_have_one_batch():
    variables = play(HOSTS)
    del variables[batches.BATCHED]
    assert batches.refusals(variables, 1) == []


def test_hosts_that_failed_in_an_earlier_play_are_not_in_the_batch():
    (sentence,) = batches.refusals(play(HOSTS[1:], HOSTS[1:]), 1)
    assert "All 2 hosts would be changed at the same time." in sentence
    assert batches.refusals(play(HOSTS[1:], HOSTS[1:]), [1, 2]) == []
    # The last batch: the hosts of the others have failed.
    assert batches.refusals(play(HOSTS[2:], HOSTS[2:]), 1) == []
