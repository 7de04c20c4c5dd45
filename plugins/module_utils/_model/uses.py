# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Uses of cards and devices: guards find uses, and steps would end them."""

from __future__ import annotations

from typing import NamedTuple, Optional

# Effects of a step on a subject.
DRIVER = "driver"  # the subject loses its driver
GONE = "gone"  # the subject is removed
PORT = "port"  # the network link may go down and VFs may change
SETTINGS = "settings"  # a VF gets new settings
SWITCH = "switch"  # the embedded switch changes its mode, and RDMA devices are created again
EVERY_EFFECT = frozenset((DRIVER, GONE, PORT, SETTINGS, SWITCH))
# Effects that end a use that only needs the driver.
LOSES_DRIVER = frozenset((DRIVER, GONE))

ALLOW_HOST_NETWORK = "allow_host_network"


class Holder(NamedTuple):
    """A process or guest that uses a device. A guest that is only configured has neither pid nor command."""

    pid: Optional[int]
    command: Optional[str]
    guest: Optional[str]
    running: bool
    device_file: Optional[str] = None  # the open device file, such as /dev/nvidia0


class Use(NamedTuple):
    """One reason not to change a card or device."""

    subject: str  # PCI address, or UUID of a mediated device
    guard: str
    ended_by: frozenset[str]  # effects
    advice: str  # how to end the use, without a full stop
    holder: Optional[Holder] = None
    # without a holder: follows the name of the subject, for example "carries the disk sda"
    clause: Optional[str] = None
    lifted_by: Optional[str] = None  # the option that permits ending this use


class Unseen(NamedTuple):
    """Something that a guard could not check. Everything that the guard protects then counts as in use."""

    guard: str
    sentence: str


class Touch(NamedTuple):
    """An effect of a step on a subject. ``label`` names the subject and ``what`` the effect in messages."""

    subject: str
    effect: str
    label: str
    what: str
    otherwise: str = ""  # a sentence about what to do while a process or guest uses the subject
