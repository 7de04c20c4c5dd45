# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._guards.conflicts import (
    blind_spots,
    conflicts,
    describe_holders,
    uses_ended_by,
)
from ansible_collections.vfio.devices.plugins.module_utils._model.uses import (
    ALLOW_HOST_NETWORK,
    DRIVER,
    EVERY_EFFECT,
    GONE,
    LOSES_DRIVER,
    PORT,
    Holder,
    Touch,
    Unseen,
    Use,
)

CARD = "0000:01:00.0"
PORT_TOUCH = Touch(CARD, PORT, CARD, "be changed")
DRIVER_TOUCH = Touch(CARD, DRIVER, CARD, "be unbound from its driver")
PROGRAM = Use(CARD, "open_devices", LOSES_DRIVER, "stop it", Holder(7, "python3", None, True, "/dev/nvidia0"))
GUEST = Use(CARD, "vfio", EVERY_EFFECT, "shut it down", Holder(8, "qemu", "web1", True))
DISK = Use(CARD, "storage", LOSES_DRIVER, "select another card", clause="carries the disk sda")
ROUTE = Use(CARD, "network", frozenset([PORT, DRIVER]), "lift it", clause="has eth0", lifted_by=ALLOW_HOST_NETWORK)


@pytest.mark.parametrize(
    ("touches", "uses", "sentences"),
    [
        ([], [PROGRAM, GUEST, DISK, ROUTE], []),
        ([PORT_TOUCH], [PROGRAM, DISK], []),
        (
            [DRIVER_TOUCH],
            [PROGRAM],
            ["is in use by pid 7, python3, /dev/nvidia0, so it cannot be unbound from its driver. Stop it"],
        ),
        (
            [DRIVER_TOUCH],
            [DISK],
            ["carries the disk sda, so it cannot be unbound from its driver. Select another card"],
        ),
        (
            [PORT_TOUCH, DRIVER_TOUCH],
            [GUEST],
            ["is in use by guest web1 (pid 8, qemu), so it cannot be changed. Shut it down"],
        ),
        ([PORT_TOUCH], [ROUTE], ["has eth0, so it cannot be changed. Lift it"]),
        ([Touch("0000:01:00.1", GONE, "VF", "be removed")], [PROGRAM, GUEST, DISK, ROUTE], []),
    ],
)
def test_conflicts(touches, uses, sentences):
    assert conflicts(touches, uses) == [f"{CARD} {sentence}" for sentence in sentences]


def test_users_that_one_guard_has_found_are_one_sentence():
    other = PROGRAM._replace(holder=Holder(9, "python3", None, True, "/dev/nvidia0"))
    (sentence,) = conflicts([DRIVER_TOUCH], [PROGRAM, other])
    assert (
        "pid 7, python3, /dev/nvidia0, pid 9, python3, /dev/nvidia0, so it cannot be unbound from its driver. Stop it"
        in sentence
    )
    assert len(conflicts([DRIVER_TOUCH], [PROGRAM, other._replace(advice="kill it")])) == 2


def test_an_option_accepts_the_end_of_a_use():
    assert conflicts([PORT_TOUCH], [ROUTE], [ALLOW_HOST_NETWORK]) == []
    assert len(conflicts([DRIVER_TOUCH], [ROUTE, DISK], [ALLOW_HOST_NETWORK])) == 1


def test_a_way_around_is_named_only_if_someone_uses_the_subject():
    touch = DRIVER_TOUCH._replace(otherwise="Otherwise skip it")
    advices = [sentence.partition(". ")[2] for sentence in conflicts([touch], [DISK, GUEST])]
    assert advices == ["Select another card", "Shut it down. Otherwise skip it"]


def test_uses_that_end():
    assert uses_ended_by(PORT_TOUCH, [PROGRAM, GUEST, DISK, ROUTE]) == [GUEST, ROUTE]
    assert uses_ended_by(PORT_TOUCH, [GUEST, ROUTE], [ALLOW_HOST_NETWORK]) == [GUEST]
    assert uses_ended_by(Touch("0000:01:00.1", GONE, "VF", "be removed"), [GUEST]) == []
    assert describe_holders([PROGRAM, DISK, GUEST]) == "pid 7, python3, /dev/nvidia0, guest web1 (pid 8, qemu)"


def test_what_was_not_seen_counts():
    unseen = Unseen("libvirt", "libvirt did not answer")
    assert blind_spots([unseen]) == [
        "the users of the devices to change are unknown: libvirt did not answer. Or accept this with "
        "vfio_accept_unseen: [libvirt]"
    ]
    assert blind_spots([unseen], ["libvirt"]) == []
