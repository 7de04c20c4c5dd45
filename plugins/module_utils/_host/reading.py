# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reading from a host: no read ends a scan, none hangs, and what could not be read is kept as a warning."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Callable

from .._core.text import MOST, decimal, printable
from .denials import Denials
from .errors import ABSENT, DENIED, describe, error_name, is_deadline
from .files import MEBIBYTE, Files
from .reader import READS, NoAnswer, Reader, is_locked


class Reading:
    """The part of :class:`HostRoot` that changes nothing. Paths are relative to the root."""

    # Seconds for a file that a driver answers, or that a device locks.
    READ_TIMEOUT = 2.0

    def __init__(self, root: str, timeout: float, files: Files) -> None:
        """See :class:`HostRoot`."""
        self.root = root
        self.timeout = timeout
        self._files = files
        self._reader = Reader(self._files)
        self._unread: dict[str, str] = {}
        self._problems: list[str] = []
        self._denials = Denials()

    @property
    def read_timeout(self) -> float:
        """Seconds that one read may take."""
        return min(self.timeout, max(self.READ_TIMEOUT, self.timeout / READS))

    def read(self, path: str, optional: bool = False) -> str | None:
        """The text of a file without the white space at its end, or None with the reason kept as a warning.

        With ``optional`` a missing file causes no warning. What is not printable is replaced, see
        :func:`printable`.
        """
        try:
            text = self._text(path, self._reader.get("read", path, self.read_timeout))
        except OSError as error:
            self._note(path, error, optional)
            return None
        if text is not None:
            self._unread.pop(path, None)
        return text

    def read_line(self, path: str, optional: bool = False) -> str | None:
        """The same of a file that has one line: what ends a line is replaced too."""
        text = self.read(path, optional)
        return None if text is None else printable(text, "")

    def read_bytes(self, path: str, most: int = MEBIBYTE) -> bytes | None:
        """The first ``most`` bytes of a file, or None if there is none or it cannot be read.

        More than a MiB are only for a file that no driver answers.
        """
        try:
            if most > MEBIBYTE:
                return self._files.read(path, most)
            content: bytes = self._reader.get("read", path, self.read_timeout)
            return content
        except OSError as error:
            self._note(path, error, optional=True)
            return None

    def read_number(self, path: str, optional: bool = False, least: int = 0, most: int = MOST) -> int | None:
        """The decimal number from ``least`` to ``most`` in a file, or None with the reason kept as a warning."""
        text = self.read(path, optional)
        if text is None:
            return None
        number = decimal(text, least, most)
        if number is None:
            self.warn(f"{path} holds {text[:40]!r}, which is not a number from {least} to {most}", path)
        return number

    def ahead(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Within this context each of many files of drivers can be read once, with few requests for all of them."""
        return self._reader.ahead("read", paths, self.read_timeout)

    def read_all(self, paths: list[str], optional: bool = False) -> dict[str, str | None]:
        """What :meth:`read` says of each of many files of drivers."""
        with self.ahead(paths):
            return {path: self.read(path, optional) for path in paths}

    def names_ahead(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """The same for :meth:`names`."""
        return self._reader.ahead("list", paths, self.read_timeout)

    def belongs_to(self, device: str, card: str) -> None:
        """Say which card answers for a VF or mediated device; if it does not answer, no other device of it is asked."""
        self._reader.cards[device] = card

    def look_anew(self) -> None:
        """Ask cards again that did not answer in an earlier look at the host."""
        self._reader.silent.clear()

    def unread(self, path: str) -> str | None:
        """Why a file that is there could not be read or understood when it was last read, as a sentence; or None."""
        return self._unread.get(path)

    @property
    def silent(self) -> dict[str, str]:
        """By card, or other device of the host, a sentence if one of its files did not answer."""
        return {card: self._unread[path] for card, (path, dummy) in self._reader.silent.items() if path in self._unread}

    def names(self, path: str, optional: bool = True) -> list[str]:
        """The sorted names in a directory; empty when it cannot be read."""
        try:
            names = self._reader.get("list", path, self.read_timeout)
        except OSError as error:
            self._note(path, error, optional)
            return []
        return sorted(name for name in names if self._is_text(name, path))

    def links(self, directory: str) -> list[tuple[str, str]]:
        """The symbolic links in a directory with their targets, sorted; one that disappears meanwhile is skipped."""
        try:
            found = self._files.links(directory)
        except OSError as error:
            self._note(directory, error, optional=True)
            return []
        for name, target in found:
            if isinstance(target, OSError) and target.errno != errno.EINVAL:
                self._note(f"{directory}/{name}", target, optional=True)
        return sorted((name, target) for name, target in found if isinstance(target, str))

    def mapped_devices(self, processes: Sequence[int]) -> dict[int, list[str]]:
        """By process the device files that it has mapped.

        Reading them waits for the process's memory, which a process in trouble may keep locked
        (fs/proc/task_mmu.c, m_start): it counts as one whose open files cannot be seen.
        """
        found: dict[int, list[str]] = {}
        silent = self._map_devices(processes, found, last=False)
        for process in silent:
            # A busy machine may not have answered in time.
            self._reader.silent.pop(str(process), None)
        self._map_devices(silent, found, last=True)
        return found

    def _map_devices(self, processes: Sequence[int], found: dict[int, list[str]], last: bool) -> list[int]:
        """Add to ``found``; the processes that have not answered in time, which are noted at the ``last`` try."""
        silent = []
        paths = {process: f"proc/{process}/maps" for process in processes}
        with self._reader.ahead("mapped", paths.values(), self.read_timeout):
            for process, path in paths.items():
                try:
                    targets = self._reader.get("mapped", path, self.read_timeout)
                except NoAnswer as error:
                    silent.append(process)
                    if last:
                        self._note(path, error, optional=True)
                except OSError as error:
                    self._note(path, error, optional=True)
                else:
                    if targets:
                        found[process] = targets
        return silent

    def device_number(self, process: int, descriptor: str | None, path: str) -> str | None:
        """``major:minor`` of a character device that a process has open or mapped, or None.

        The kernel's own link says it whatever the path means to the process; below another root only the path does.
        """
        if self.root != "/":
            place = path.lstrip("/")
        else:
            place = f"proc/{process}/fd/{descriptor}" if descriptor else f"proc/{process}/root{path}"
        return self._files.device(place)

    def is_claimed(self, name: str, number: str | None) -> bool:
        """Whether a block device is opened exclusively: file systems, pools, RAID, swap in any namespace.

        ``number`` is its ``major:minor``. A drive in trouble may not answer, and then counts as claimed
        (block/bdev.c, bd_prepare_to_claim).
        """
        try:
            return bool(self._files.in_time(self.READ_TIMEOUT, "claimed", f"dev/{name}", number or ""))
        except OSError as error:
            return is_deadline(error)

    def link(self, path: str) -> str | None:
        """Where a symbolic link points to, or None when there is no such link."""
        return self._link(path, lambda: self._files.link(path))

    def _link(self, path: str, look: Callable[[], str]) -> str | None:
        try:
            target = look()
        except OSError as error:
            # The error of readlink(2) for other files than links.
            if error.errno != errno.EINVAL:
                self._note(path, error, optional=True)
            return None
        return target if self._is_text(target, path) else None

    def link_name(self, path: str, below: str | None = None) -> str | None:
        """The last part of a symbolic link's target: the driver's name for ``driver``.

        Of many links ``below`` the same directory each is found faster with that.
        """
        if below is None:
            target = self.link(path)
        else:
            target = self._link(f"{below}/{path}", lambda: self._files.link_below(below, path))
        return target.rpartition("/")[2] if target else None

    def exists(self, path: str) -> bool:
        return self._files.exists(path)

    def status(self, path: str) -> tuple[int, int] | None:
        """``st_mode`` and owner of what is at a path, symbolic links not followed; None if it is unknown."""
        try:
            return self._files.status(path)
        except OSError:
            return None

    def warn(self, sentence: str, path: str | None = None) -> None:
        """Keep a warning; ``path`` is the file that could not be read or understood."""
        sentence = printable(sentence, "")
        self._problems.append(sentence)
        if path is not None:
            self._unread[path] = sentence

    @property
    def warnings(self) -> list[str]:
        """What could not be read and why."""
        return [*self._problems, *self._denials.sentences(self._processes())]

    @property
    def hidden_processes(self) -> str | None:
        """A sentence if it could not be seen what some processes have open."""
        return self._denials.of_processes(self._processes())

    def _processes(self) -> int:
        return sum(name.isdecimal() for name in self.names("proc")) if self._denials else 0

    def _text(self, path: str, content: bytes) -> str | None:
        try:
            return printable(content.decode().rstrip())
        except UnicodeDecodeError:
            self.warn(f"{path} is not UTF-8 text", path)
            return None

    def _is_text(self, name: str, path: str) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:
            self.warn(f"{path} has a name that is not UTF-8 text: {os.fsencode(name)[:80]!r}")
            return False
        if printable(name, "") != name:
            self.warn(f"{path} has a name with control characters: {name[:80]!r}")
            return False
        return True

    def _note(self, path: str, error: OSError, optional: bool) -> None:
        if isinstance(error, NoAnswer):
            self._note_silence(path, error)
        elif error.errno in DENIED:
            self._denials.add(path, error_name(error))
            self._unread[path] = f"cannot read {path}: {describe(error)}"
        elif error.errno in ABSENT and optional:
            self._unread.pop(path, None)
        else:
            self.warn(f"cannot read {path}: {describe(error)}", None if error.errno in ABSENT else path)

    def _note_silence(self, path: str, error: NoAnswer) -> None:
        """A warning for the first file of a device that did not answer; the others are remembered only."""
        silent, seconds = error.path, error.seconds
        device = self._reader.subject(path)
        if device.isdecimal():
            sentence = f"{silent} did not answer within {seconds:g} s: process {device} hangs"
            self._denials.add_silence(path, seconds)
        elif is_locked(path):
            sentence = f"{silent} did not answer within {seconds:g} s: a pending change locks its device"
        else:
            sentence = (
                f"{silent} did not answer within {seconds:g} s: further driver files of {device} were not read. Read "
                f"the messages about {device} in dmesg"
            )
        if path == error.path and path not in self._unread:
            self.warn(sentence, path)
        self._unread[path] = sentence
