# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read from a host. Errors and timeouts of reads become warnings, so they neither abort nor hang a scan."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Callable

from .._core.text import MOST, decimal, printable
from .deadline_reader import KERNEL, READS, NoAnswer, Reader, may_block
from .errors import ABSENT, DENIED, describe, error_name, is_deadline
from .files import MEBIBYTE, Files
from .permission_errors import PermissionErrors
from .unreadable_files import Unread, describe_silence


class Reading:
    """The read-only part of :class:`HostRoot`. Paths are relative to the root."""

    # In seconds: the timeout for files that need a driver or a device lock.
    READ_TIMEOUT = 2.0

    def __init__(self, root: str, timeout: float, files: Files) -> None:
        """See :class:`HostRoot`."""
        self.root = root
        self.timeout = timeout
        self._files = files
        self._reader = Reader(self._files)
        self._unread = Unread()
        self._problems: list[str] = []
        self._denials = PermissionErrors()

    @property
    def read_timeout(self) -> float:
        """Return the timeout of one read in seconds."""
        return min(self.timeout, max(self.READ_TIMEOUT, self.timeout / READS))

    def read(self, path: str, optional: bool = False) -> str | None:
        """Return the text of a file without trailing white space, or None after adding a warning.

        If ``optional``, a missing file causes no warning. Unprintable characters are replaced, see :func:`printable`.
        """
        try:
            text = self._text(path, self._reader.get("read", path, self.read_timeout))
        except OSError as error:
            self._note(path, error, optional)
            return None
        if text is not None:
            self._unread.remove(path)
        return text

    def read_line(self, path: str, optional: bool = False) -> str | None:
        """Return the text of a file that has one line; line ends within it are replaced too."""
        text = self.read(path, optional)
        return None if text is None else printable(text, "")

    def read_bytes(self, path: str, most: int = MEBIBYTE) -> bytes | None:
        """Return the first ``most`` bytes of a file, or None; only files without a driver may have more than 1 MiB."""
        try:
            if most > MEBIBYTE:
                return self._files.read(path, most)
            content: bytes = self._reader.get("read", path, self.read_timeout)
            return content
        except OSError as error:
            self._note(path, error, optional=True)
            return None

    def read_number(self, path: str, optional: bool = False, least: int = 0, most: int = MOST) -> int | None:
        """Return the decimal number from ``least`` to ``most`` in a file, or None after adding a warning."""
        text = self.read(path, optional)
        if text is None:
            return None
        number = decimal(text, least, most)
        if number is None:
            self.warn(f"/{path} holds {text[:40]!r}, which is not a number from {least} to {most}", path)
        return number

    def ahead(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Within the block, each of these driver files can be read once, with few requests for all of them."""
        return self._reader.ahead("read", paths, self.read_timeout)

    def read_all(self, paths: list[str], optional: bool = False) -> dict[str, str | None]:
        """Return the result of :meth:`read` for each of many driver files."""
        with self.ahead(paths):
            return {path: self.read(path, optional) for path in paths}

    def names_ahead(self, paths: Iterable[str]) -> AbstractContextManager[None]:
        """Within the block, :meth:`names` of each of these directories can be called once, with few requests."""
        return self._reader.ahead("list", paths, self.read_timeout)

    def belongs_to(self, device: str, card: str) -> None:
        """Set the card that answers for a VF or mdev; after a timeout, no other device of this card is read."""
        self._reader.cards[device] = card

    def forget_timeouts(self) -> None:
        """Read cards again that timed out in an earlier observation."""
        self._reader.silent.clear()

    def unread(self, path: str) -> str | None:
        """Return why the last read of an existing file failed, as a sentence, or None."""
        return self._unread.sentences.get(path)

    def collecting(self, quiet: bool = False) -> AbstractContextManager[dict[str, str]]:
        return self._unread.collecting(quiet)

    @property
    def silent(self) -> dict[str, str]:
        """Maps each card, or other device, that timed out to a sentence."""
        unread = self._unread.sentences
        silent = ((card, path) for card, (path, dummy) in self._reader.silent.items() if path.startswith(KERNEL))
        return {card: unread[path] for card, path in silent if path in unread}

    def names(self, path: str, optional: bool = True) -> list[str]:
        """Return the sorted names in a directory; empty if it cannot be read."""
        try:
            names = self._reader.get("list", path, self.read_timeout)
        except OSError as error:
            self._note(path, error, optional)
            return []
        return sorted(name for name in names if self._is_text(name, path))

    def links(self, directory: str) -> list[tuple[str, str]]:
        """Return the sorted symbolic links in a directory with their targets; a link that disappears is skipped."""
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
        """Return the mapped device files of each process.

        A hung process may keep its memory locked (fs/proc/task_mmu.c, m_start). It then counts as a process whose open
        files cannot be read.
        """
        found: dict[int, list[str]] = {}
        silent = self._map_devices(processes, found, last=False)
        for process in silent:
            # On a busy machine the read may only have been slow.
            self._reader.silent.pop(str(process), None)
        self._map_devices(silent, found, last=True)
        return found

    def _map_devices(self, processes: Sequence[int], found: dict[int, list[str]], last: bool) -> list[int]:
        """Add to ``found`` and return the processes that timed out; a warning is added if this is the ``last`` try."""
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

    def device_number(self, process: int, descriptor: str | None, path: str, block: bool = False) -> str | None:
        """Return ``major:minor`` of a character (or ``block``) device that a process has open or mapped, or None.

        The links of procfs are valid whatever the path means in the process. Other roots have no such links.
        """
        own = f"proc/{process}/fd/{descriptor}" if descriptor else f"proc/{process}/root{path}"
        place = own if self.root == "/" else path.lstrip("/")
        if path.startswith("/dev/"):
            return self._files.device(place, block)
        number: str | None = None
        # A regular file may be on a server that does not answer.
        with suppress(OSError):
            number = self._files.in_time(self.READ_TIMEOUT, "device", place, block)
        return number

    def is_claimed(self, name: str, number: str | None) -> bool:
        """Return whether a block device is open exclusively: file system, pool, RAID or swap in any namespace.

        ``number`` is its ``major:minor``. A hung drive may not answer and then counts as claimed (block/bdev.c,
        bd_prepare_to_claim).
        """
        try:
            return bool(self._files.in_time(self.READ_TIMEOUT, "claimed", f"dev/{name}", number or ""))
        except OSError as error:
            return is_deadline(error)

    def link(self, path: str) -> str | None:
        """Return the target of a symbolic link, or None if it is missing."""
        return self._link(path, lambda: self._reader.get("link", path, self.read_timeout))

    def _link(self, path: str, look: Callable[[], str]) -> str | None:
        try:
            target = look()
        except OSError as error:
            # readlink(2) returns EINVAL for files that are not links.
            if error.errno != errno.EINVAL:
                self._note(path, error, optional=True)
            return None
        return target if self._is_text(target, path) else None

    def link_name(self, path: str, below: str | None = None) -> str | None:
        """Return the last component of a link target, for example the driver name of the link ``driver``.

        ``below`` is a common directory of many links; reads of such links are faster.
        """
        if below is None:
            target = self.link(path)
        else:
            target = self._link(f"{below}/{path}", lambda: self._files.link_below(below, path))
        return target.rpartition("/")[2] if target else None

    def exists(self, path: str) -> bool:
        """Return whether a path exists. A path whose server does not answer counts as existing."""
        if path.startswith(KERNEL) or not may_block(path):
            return self._files.exists(path)
        try:
            return bool(self._reader.get("exists", path, self.read_timeout))
        except OSError as error:
            self._note(path, error, optional=True)
        return True

    def status(self, path: str) -> tuple[int, int] | None:
        """Return ``st_mode`` and owner of a path without following symbolic links; None if unknown."""
        try:
            return self._files.status(path)
        except OSError:
            return None

    def warn(self, sentence: str, path: str | None = None) -> None:
        """Add a warning; ``path`` is the file that was unreadable or invalid."""
        sentence = printable(sentence, "")
        if path is not None:
            self._unread.add(path, sentence)
        if not self._unread.is_hidden(path):
            self._problems.append(sentence)

    @property
    def warnings(self) -> list[str]:
        """Return a sentence for each failed read."""
        return [*self._problems, *self._denials.sentences(self._processes())]

    @property
    def hidden_processes(self) -> str | None:
        """Return a sentence if open files of some processes could not be read."""
        return self._denials.of_processes(self._processes())

    def _processes(self) -> int:
        return sum(name.isdecimal() for name in self.names("proc")) if self._denials else 0

    def _text(self, path: str, content: bytes) -> str | None:
        try:
            return printable(content.decode(errors=self._unread.decoding(path)).rstrip())
        except UnicodeDecodeError:
            self.warn(f"/{path} is not UTF-8 text", path)
            return None

    def _is_text(self, name: str, path: str) -> bool:
        try:
            name.encode()
        except UnicodeEncodeError:
            self.warn(f"/{path} has a name that is not UTF-8 text: {os.fsencode(name)[:80]!r}")
            return False
        if printable(name, "") != name:
            self.warn(f"/{path} has a name with control characters: {name[:80]!r}")
            return False
        return True

    def _note(self, path: str, error: OSError, optional: bool) -> None:
        if isinstance(error, NoAnswer):
            self._note_silence(path, error)
        elif error.errno in DENIED:
            if not self._unread.is_hidden(path):
                self._denials.add(path, error_name(error))
            self._unread.add(path, f"cannot read /{path}: {describe(error)}")
        elif error.errno in ABSENT and optional:
            self._unread.remove(path)
        else:
            self.warn(f"cannot read /{path}: {describe(error)}", None if error.errno in ABSENT else path)

    def _note_silence(self, path: str, error: NoAnswer) -> None:
        """Add a warning for the first file of a device that timed out; save the reason only for the others."""
        sentence = describe_silence(path, error, self._reader.subject(path))
        self._denials.add_silence(path, error.seconds)
        if path == error.path and path not in self._unread.sentences:
            self.warn(sentence, path)
        self._unread.add(path, sentence)
