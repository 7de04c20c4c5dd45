# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What one answer of a server may be: how long it takes, how large it is, and where it may send us."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future, wait
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, TypeVar
from urllib.parse import urljoin, urlsplit

from .answers import words

Value = TypeVar("Value")

MOST_MIB = 64
MOST_BYTES = MOST_MIB * 2**20
REDIRECTS = (301, 302, 303, 305, 307, 308)
# Encodings that expand a few bytes at most a thousand times; several together can expand more.
ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
PORTS = {"http": 80, "https": 443}
SECONDS = re.compile(r"[0-9]{1,9}\Z")


class Unacceptable(Exception):
    """An answer that is not read any further. ``final``: that of each other request would be the same."""

    def __init__(self, sentence: str, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


class Late(Exception):
    """The work has not ended in time, and its progress is unknown."""


def within(seconds: float, work: Callable[[], Value]) -> Value:
    """What ``work`` returns or raises, or :class:`Late`.

    The timeouts of sockets are for each read, and looking up a name has none at all. So the work has a thread of its
    own, which is left behind when it is late, and ends with the process.
    """
    future: Future[Value] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    if not wait([future], seconds).done:
        raise Late(f"timed out after {seconds:.3g} seconds")
    return future.result()


def check(response: Any, **_options: Any) -> None:
    """Look at the head of an answer of the library requests, as one of its hooks, and count what is read after it."""
    try:
        _check_redirect(response)
        _check_head(response.headers)
    except Unacceptable:
        response.close()
        raise
    response.raw = Counted(response.raw)


def retry_after(headers: Any) -> float:
    """Seconds that the server asks to wait before the next request, from a number or a date; 0 if it asks nothing."""
    text = str(headers.get("Retry-After") or "").strip()
    if SECONDS.match(text):
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        # By the clock of the server, if it reports one.
        date = headers.get("Date")
        now = parsedate_to_datetime(date) if date else datetime.now(timezone.utc)
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError, OverflowError, IndexError):
        return 0.0


class Counted:
    """The raw answer of urllib3, of which no more than MOST_BYTES are decoded."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amount: int, decode_content: bool = True) -> Any:
        """The decoded bytes, piece by piece."""
        received = 0
        for piece in self._raw.stream(amount, decode_content=decode_content):
            received += len(piece)
            if received > MOST_BYTES:
                self._raw.close()
                raise Unacceptable(f"the response has more than {MOST_MIB} MiB")
            yield piece


def _check_redirect(response: Any) -> None:
    location = response.headers.get("Location")
    if response.status_code not in REDIRECTS or not location:
        return
    try:
        target = urljoin(response.url, location)
        same = location.isascii() and _origin(target) == _origin(response.url)
    except ValueError:
        same = False
    if not same:
        raise Unacceptable(
            f"the server at {_shown_origin(response.url)} redirects to {words(location, 100)}; no token or password is "
            "sent to this address. Correct the address in auth_url, in endpoint or in the service catalog",
            final=True,
        )
    # keystoneauth follows, and takes no path without a host.
    response.headers["Location"] = target


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _shown_origin(address: str) -> str:
    scheme, host, port = _origin(address)
    return f"{scheme}://{host}:{port}"


def _check_head(headers: Any) -> None:
    encoding = str(headers.get("Content-Encoding") or "").strip().lower()
    if encoding not in ENCODINGS:
        raise Unacceptable(f"the answer has the Content-Encoding {words(encoding, 40)}, which was not requested")
    length = str(headers.get("Content-Length") or "").strip()
    if length.isascii() and length.isdigit() and (len(length) > 20 or int(length) > MOST_BYTES):
        raise Unacceptable(f"the response has more than {MOST_MIB} MiB")
