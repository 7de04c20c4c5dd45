# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Limit the responses of a server: duration, size and redirects."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future, wait
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, TypeVar
from urllib.parse import urljoin, urlsplit

from .responses import words

Value = TypeVar("Value")

MOST_MIB = 64
MOST_BYTES = MOST_MIB * 2**20
REDIRECTS = (301, 302, 303, 305, 307, 308)
# These encodings expand a few bytes at most a thousand times; several combined can expand more.
ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
PORTS = {"http": 80, "https": 443}
SECONDS = re.compile(r"[0-9]{1,9}\Z")


class Unacceptable(Exception):
    """A response that is not read further. ``final`` means that other requests would fail too."""

    def __init__(self, sentence: str, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


class DeadlineExceeded(Exception):
    """The work did not end in time, and its progress is unknown."""


def within(seconds: float, work: Callable[[], Value]) -> Value:
    """Return ``work()``; raise its error, or :class:`Late` after ``seconds``.

    Socket timeouts apply to each read, and name lookups have none. So the work runs in its own thread, which is
    abandoned on timeout and ends with the process.
    """
    future: Future[Value] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    if not wait([future], seconds).done:
        raise DeadlineExceeded(f"timed out after {seconds:.3g} seconds")
    return future.result()


def check(response: Any, **_options: Any) -> None:
    """Check the headers of a response and limit its body; this is a hook of the library requests."""
    try:
        _check_redirect(response)
        _check_head(response.headers)
    except Unacceptable:
        response.close()
        raise
    response.raw = Counted(response.raw)


def retry_after(headers: Any) -> float:
    """Return the seconds until the next request from a number or a date; 0 without Retry-After."""
    text = str(headers.get("Retry-After") or "").strip()
    if SECONDS.match(text):
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        # Use the clock of the server if it reports one.
        date = headers.get("Date")
        now = parsedate_to_datetime(date) if date else datetime.now(timezone.utc)
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError, OverflowError, IndexError):
        return 0.0


class Counted:
    """The raw response of urllib3, limited to MOST_BYTES of decoded data."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amount: int, decode_content: bool = True) -> Any:
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
            f"the server at {_shown_origin(response.url)} redirects to {words(location, 100)}. No token or password is "
            "sent to this address. Correct the address in auth_url, in endpoint or in the service catalog",
            final=True,
        )
    # keystoneauth follows the redirect, but needs a URL with a host.
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
