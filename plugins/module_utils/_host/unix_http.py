# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Ask a daemon of the host over HTTP on its Unix socket, with a deadline and without its client program."""

from __future__ import annotations

from .root import HostRoot


def get(host: HostRoot, socket: str, target: str) -> str:
    """Return the body of the answer to a GET request, also of one that reports an error.

    Raises OSError if there is no connection, TimeoutError after the timeout of the host, otherwise RuntimeError.
    """
    address = f"{host.root.rstrip('/')}/{socket}"
    return host.attempt(lambda: _body(address, target), host.timeout)


def _body(address: str, target: str) -> str:
    # Few hosts have such a daemon, and this import takes time.
    import http.client
    import socket

    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(address)
        connection.request("GET", target)
        return connection.getresponse().read().decode(errors="replace")
    finally:
        connection.close()
