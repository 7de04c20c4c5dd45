# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that counts the requests to a service and injects errors according to rules."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Rule:
    """The error for the first ``times`` matching requests; with ``after``, they reach the service first."""

    def __init__(self, action, match="", times=1, after=False, seconds=0.0):
        self.action, self.match, self.times, self.after, self.seconds = action, re.compile(match), times, after, seconds


class Proxy:
    def __init__(self, port):
        self.upstream = port
        self.requests = []
        self.rules = []
        self.connections = 0
        self.lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with proxy.lock:
                    proxy.connections += 1
                self.service = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=60)

            def finish(self):
                self.service.close()
                with contextlib.suppress(OSError):
                    super().finish()

            def log_message(self, *args):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                rule = proxy.take(f"{self.command} {self.path}")
                status, headers, answer = 503, {}, b"broken on purpose"
                if rule is None or rule.after or rule.action == "delay":
                    self.service.request(self.command, self.path, body or None, dict(self.headers))
                    reply = self.service.getresponse()
                    status, headers, answer = reply.status, dict(reply.headers), reply.read()
                if rule:
                    time.sleep(rule.seconds)
                    if rule.action == "cut":
                        self.close_connection = True
                        with contextlib.suppress(OSError):
                            self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    if rule.action != "delay":
                        status, headers, answer = int(rule.action), {}, b"broken on purpose"
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in headers.items():
                        if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                            self.send_header(name, value)
                    if status != 204:
                        self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(b"" if status == 204 else answer)

            do_GET = do_PUT = do_POST = do_DELETE = handle_any

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 100

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, line):
        with self.lock:
            self.requests.append(line)
            for rule in self.rules:
                if rule.times and rule.match.search(line):
                    rule.times -= 1
                    return rule
        return None

    def clear(self):
        with self.lock:
            self.requests.clear()
            self.rules.clear()
            self.connections = 0

    def writes(self):
        return [line for line in self.requests if not line.startswith("GET ")]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
