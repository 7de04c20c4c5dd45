# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Parse values in the command lines of the programs that this collection installs."""

from __future__ import annotations

import argparse

from . import numbers


def seconds(text: str) -> float:
    """Return a number of seconds from 0.1 to 86400; raise ``argparse.ArgumentTypeError`` for other values."""
    try:
        return numbers.duration(text, "it")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
