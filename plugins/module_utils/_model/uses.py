# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Uses of cards and devices: what guards find, and what steps would end."""

from __future__ import annotations

from typing import NamedTuple, Optional

# Effects that a step has on a subject.
DRIVER = "driver"  # it loses its driver
GONE = "gone"  # it is removed
PORT = "port"  # its network link may go down, its VFs may change
SETTINGS = "settings"  # a VF gets new settings
EVERY_EFFECT = frozenset((DRIVER, GONE, PORT, SETTINGS))
# Of what needs the driver, and nothing else.
LOSES_DRIVER = frozenset((DRIVER, GONE))

ALLOW_HOST_NETWORK = "allow_host_network"


class Holder(NamedTuple):
    """A process or guest that uses a device. A guest that only a configuration knows has neither pid nor command."""

    pid: Optional[int]
    command: Optional[str]
    guest: Optional[str]
    running: bool
    device_file: Optional[str] = None  # what it has open, such as /dev/nvidia0


class Use(NamedTuple):
    """One reason to leave a card or a device as it is."""

    subject: str  # PCI address, or UUID of a mediated device
    guard: str
    ended_by: frozenset[str]  # effects
    advice: str  # how to end the use, without a full stop
    holder: Optional[Holder] = None
    clause: Optional[str] = None  # without a holder: what follows the subject's name, such as "carries the disk sda"
    lifted_by: Optional[str] = None  # the option that accepts the end of this use


class Unseen(NamedTuple):
    """What a guard could not see; everything that it watches over counts as in use."""

    guard: str
    sentence: str


class Touch(NamedTuple):
    """What a step does to a subject. ``label`` names the subject and ``what`` the effect in a sentence."""

    subject: str
    effect: str
    label: str
    what: str
