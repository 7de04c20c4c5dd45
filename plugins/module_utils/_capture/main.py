# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The program that records a host without Ansible."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .._core.arguments import seconds
from .._host.root import HostError, summarize
from .capture import capture


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the recording and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        text, warnings = capture(os.path.abspath(options.root), options.timeout)
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for warning in summarize(warnings):
        sys.stderr.write(f"{warning}\n")
    sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vfio-devices-capture",
        description="Print what the collection vfio.devices reads on this host. Serial numbers, MAC addresses, UUIDs, "
        "names and IP addresses are replaced. Nothing is changed. Run it as root. Read the text before you send it.",
    )
    parser.add_argument("--root", default="/", metavar="DIRECTORY", help="root of the host's file system")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for a file or a program that does not answer (default 30)",
    )
    return parser
