# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.server
import socketserver
import threading
import time

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._host import unix_http
from ansible_collections.vfio.devices.plugins.module_utils._host.root import HostRoot

MANY = "x" * (5 << 20)
SOCKET = "var/unix.socket"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.path == "/late":
            time.sleep(0.5)
            return
        missing = self.path == "/missing"
        body = (f'{{"error": "{self.path}"}}' if missing else MANY).encode()
        self.send_response(404 if missing else 200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.path == "/cut":
            body = body[:10]
            self.wfile.write(b"ffff\r\n" + body)
            self.close_connection = True
            return
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


@pytest.fixture
def host(tmp_path):
    (tmp_path / "sys").mkdir()
    (tmp_path / "var").mkdir()
    with socketserver.ThreadingUnixStreamServer(str(tmp_path / SOCKET), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield HostRoot(str(tmp_path), timeout=10)
        server.shutdown()
        thread.join()


def test_answers_of_a_daemon_have_any_size(host):
    assert unix_http.get(host, SOCKET, "/1.0") == MANY
    assert unix_http.get(host, SOCKET, "/missing") == '{"error": "/missing"}'


def test_an_answer_that_is_cut_is_an_error(host):
    with pytest.raises(RuntimeError, match="IncompleteRead"):
        unix_http.get(host, SOCKET, "/cut")


def test_a_daemon_has_a_deadline(host):
    with pytest.raises(TimeoutError):
        unix_http.get(host.again(0.2), SOCKET, "/late")


def test_a_missing_daemon_is_an_error(host):
    with pytest.raises(FileNotFoundError):
        unix_http.get(host, "var/other.socket", "/1.0")
