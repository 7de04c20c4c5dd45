# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The program that boot_restore installs. It prints the result of each record, and exits with 1 after a failure."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .._core import grammar
from .._core.arguments import seconds
from .._host.root import HostError, HostRoot, summarize
from . import restore

# Levels of <syslog.h>; systemd reads them at the beginning of each line, see sd-daemon(3).
ERROR, WARNING, INFO = 3, 4, 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Restore as the arguments say and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        host = HostRoot(os.path.abspath(options.root), options.timeout)
        host.may_start_daemons = not options.boot
        results = restore.restore(host, options.card, options.timeout, options.check)
    except HostError as error:
        _say(ERROR, str(error))
        return 1
    # Each attempt to restore a card repeats its warnings.
    for warning in summarize(list(dict.fromkeys(host.warnings))):
        _say(WARNING, warning)
    if not results:
        _say(INFO, f"there is no record of {options.card or 'this host'}")
    for result in results:
        what = f"{result.card} {result.title}"
        would = "would have " if options.check else ""
        if result.done:
            _say(INFO, f"{what}: {would}{f'; {would}'.join(result.done)}")
        for problem in result.problems:
            _say(ERROR, f"{what}: {problem}")
        if result.outcome == restore.UNCHANGED:
            _say(INFO, f"{what}: as recorded")
    return int(any(result.outcome == restore.FAILED for result in results))


def _say(level: int, text: str) -> None:
    prefix = f"<{level}>" if "JOURNAL_STREAM" in os.environ else ""
    stream = sys.stderr if level == ERROR else sys.stdout
    for line in text.splitlines():
        stream.write(f"{prefix}{line}\n")
    stream.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vfio-devices-restore",
        # An abbreviation of a misspelled option may mean another one.
        allow_abbrev=False,
        description=(
            "Restore cards, virtual functions, mediated devices and vGPUs from the records in /etc/vfio-devices. "
            "Devices in use remain unchanged."
        ),
    )
    parser.add_argument("--root", default="/", metavar="DIRECTORY", help="root of the host's file system")
    parser.add_argument(
        "--card", type=_card, metavar="NAME", help="restore only this card: a PCI address, or the name of a parent"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="seconds to wait for a device to appear, and for one write to the kernel (default 60)",
    )
    parser.add_argument(
        "--boot",
        action="store_true",
        help="do not start libvirt, which starts after this program: defined libvirt domains do not count as users",
    )
    parser.add_argument("--check", action="store_true", help="change nothing and print the predicted changes")
    return parser


def _card(text: str) -> str:
    """Return the name of a card. An empty name, such as that of an unset variable, does not mean all cards."""
    try:
        name = grammar.parent_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name.lower() if grammar.PCI_ADDRESS.match(name.lower()) else name
