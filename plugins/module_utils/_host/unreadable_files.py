# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Collect why existing files could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .deadline_reader import KERNEL, LISTS, NoAnswer, is_locked


class Unread:
    """The reasons by path, each a sentence."""

    def __init__(self) -> None:
        self.sentences: dict[str, str] = {}
        # Whether problems of files outside of sysfs and procfs cause no warnings.
        self.is_quiet = False
        self._collected: dict[str, str] | None = None

    def add(self, path: str, sentence: str) -> None:
        self.sentences[path] = sentence
        if self._collected is not None and (not path.startswith(KERNEL) or LISTS.fullmatch(path)):
            self._collected[path] = sentence

    def remove(self, path: str) -> None:
        self.sentences.pop(path, None)

    def is_hidden(self, path: str | None) -> bool:
        """Return whether a problem of this file causes no warning."""
        return self.is_quiet and path is not None and not path.startswith(KERNEL)

    def decoding(self, path: str) -> str:
        """Return how to decode a file: a comment or a mount point in another encoding does not hide the rest."""
        is_strict = self._collected is None or (path.startswith(KERNEL) and not LISTS.fullmatch(path))
        return "strict" if is_strict else "replace"

    @contextmanager
    def collecting(self, quiet: bool) -> Iterator[dict[str, str]]:
        """Within the block, collect the reasons for lists of the kernel, and for files outside of sysfs and procfs.

        If ``quiet``, these problems cause no warnings. An outer block does not collect those of an inner one.
        """
        outer = self._collected, self.is_quiet
        self._collected, self.is_quiet = {}, quiet
        try:
            yield self._collected
        finally:
            self._collected, self.is_quiet = outer


def describe_silence(path: str, error: NoAnswer, subject: str) -> str:
    """Return a sentence about a file that was not read, because ``subject`` did not answer."""
    silent, seconds = error.path, error.seconds
    if not path.startswith(KERNEL):
        return (
            f"/{silent} did not answer within {seconds:g} s: its file system hangs, for example because an NFS server "
            "is down"
        )
    if subject.isdecimal():
        return f"/{silent} did not answer within {seconds:g} s: process {subject} hangs"
    if is_locked(path):
        return f"/{silent} did not answer within {seconds:g} s: a pending change locks its device"
    return (
        f"/{silent} did not answer within {seconds:g} s: further driver files of {subject} were not read. Read the "
        f"messages about {subject} in dmesg"
    )
