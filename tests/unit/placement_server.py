# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small Placement server on 127.0.0.1 in the process of the tests; a test can replace its answers."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROOT, CHILD = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))
TOKEN = "a-token-that-nobody-may-see"
PASSWORD = "a-password-that-nobody-may-see"
MARKER = "CUSTOM_OWNER_VFIO_DEVICES"


def inventory(total):
    return {"total": total, "reserved": 0, "min_unit": 1, "max_unit": total, "step_size": 1, "allocation_ratio": 1.0}


class Answer:
    """A status, headers and a body: JSON of any value, raw bytes, or a function that writes to the handler."""

    def __init__(self, body=None, status=200, headers=None):
        self.body, self.status, self.headers = body, status, dict(headers or {})


class Server:
    """Serves ``node`` with the child ``node_0`` of 4 CUSTOM_VF; ``rules`` are (pattern of "METHOD path", answer).

    The answer of a rule is made from the real one. It applies ``times`` times, each after the request was executed, or
    before it with ``before``.
    """

    def __init__(self):
        self.reset()
        self.lock = threading.Lock()
        self.ended = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *args):
                pass

            def handle_any(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
                with contextlib.suppress(OSError):
                    server.send(self, server.take(self, body))

            do_GET = do_PUT = do_POST = do_DELETE = handle_any

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 50

            def handle_error(self, request, client_address):
                pass

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def reset(self):
        self.providers = {}
        self.add(ROOT, "node", None, [], {})
        self.add(CHILD, "node_0", ROOT, [MARKER], {"CUSTOM_VF": inventory(4)})
        self.traits, self.classes, self.used = {MARKER}, {"CUSTOM_VF", "VGPU"}, {}
        self.rules, self.requests, self.tokens = [], [], []

    def add(self, uuid, name, parent, traits, inventories):
        self.providers[uuid] = {
            "uuid": uuid,
            "name": name,
            "parent_provider_uuid": parent,
            "root_provider_uuid": self.providers[parent]["root_provider_uuid"] if parent else uuid,
            "generation": 1 if traits else 0,
            "traits": traits,
            "inventories": inventories,
        }

    def rule(self, pattern, change, times=10**9, before=False):
        """Replace the answer by what ``change`` makes of the real :class:`Answer`."""
        self.rules.append([re.compile(pattern), change, times, before])

    def writes(self):
        return [line for line in self.requests if not line.startswith("GET ")]

    def stop(self):
        self.ended.set()
        self.listener.shutdown()
        self.listener.server_close()

    def take(self, handler, body):
        line = f"{handler.command} {handler.path}"
        with self.lock:
            self.requests.append(line)
            self.tokens.append(handler.headers.get("X-Auth-Token"))
            rule = next((rule for rule in self.rules if rule[2] > 0 and rule[0].search(line)), None)
            if rule:
                rule[2] -= 1
            answer = Answer() if rule and rule[3] else self.carry_out(handler.command, handler.path, body)
        return rule[1](answer) if rule else answer

    def send(self, handler, answer):
        if callable(answer):
            answer(handler)
            return
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        if answer.body is None and answer.status in (201, 204):
            data = b""
        handler.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            handler.send_header(name, value)
        if answer.status != 204:
            handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def carry_out(self, method, path, body):
        address = urlsplit(path)
        parts, query = address.path.strip("/").split("/"), parse_qs(address.query)
        if parts[0] == "v3":
            return self.log_in() if method == "POST" else Answer({"version": self.version()})
        if parts[0] in ("traits", "resource_classes") and method == "PUT":
            known = self.traits if parts[0] == "traits" else self.classes
            new = parts[1] not in known
            known.add(parts[1])
            return Answer(status=201 if new else 204)
        if parts[0] == "traits":
            return Answer({"traits": sorted(self.traits & set(query["name"][0][3:].split(",")))})
        if parts[0] == "resource_classes":
            return Answer({"resource_classes": [{"name": name} for name in sorted(self.classes)]})
        if len(parts) == 1:
            return self.create(body) if method == "POST" else self.listed(query)
        provider = self.providers.get(parts[1])
        if provider is None:
            return refusal(404, "placement.undefined_code")
        if method == "DELETE":
            del self.providers[parts[1]]
            return Answer(status=204)
        if len(parts) == 2:
            return Answer(self.public(provider))
        if method == "PUT":
            if body["resource_provider_generation"] != provider["generation"]:
                return refusal(409, "placement.concurrent_update")
            provider["generation"] += 1
            provider[parts[2]] = body[parts[2]]
        if parts[2] == "usages":
            return Answer({"resource_provider_generation": provider["generation"], "usages": dict(self.used)})
        return Answer({"resource_provider_generation": provider["generation"], parts[2]: provider[parts[2]]})

    def create(self, body):
        if any(one["name"] == body["name"] for one in self.providers.values()) or body["uuid"] in self.providers:
            return refusal(409, "placement.duplicate_name")
        self.add(body["uuid"], body["name"], body["parent_provider_uuid"], [], {})
        return Answer(self.public(self.providers[body["uuid"]]))

    def listed(self, query):
        found = list(self.providers.values())
        if "name" in query:
            found = [one for one in found if one["name"] == query["name"][0]]
        if "in_tree" in query:
            root = self.providers.get(query["in_tree"][0], {}).get("root_provider_uuid")
            found = [one for one in found if one["root_provider_uuid"] == root]
        if "required" in query:
            found = [one for one in found if query["required"][0] in one["traits"]]
        return Answer({"resource_providers": [self.public(one) for one in found]})

    def version(self):
        links = [{"rel": "self", "href": f"{self.url}/v3/"}]
        return {"id": "v3.14", "status": "stable", "links": links, "media-types": []}

    def log_in(self):
        """Return the answer of Keystone; it accepts everyone."""
        endpoint = {"interface": "public", "region": "R", "region_id": "R", "url": self.url, "id": "e"}
        token = {
            "methods": ["password"],
            "user": {"id": "u", "name": "admin", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": "p", "name": "admin", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "r", "name": "admin"}],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "catalog": [{"type": "placement", "name": "placement", "id": "s", "endpoints": [endpoint]}],
        }
        return Answer({"token": token}, 201, {"X-Subject-Token": TOKEN})

    @staticmethod
    def public(provider):
        return {name: value for name, value in provider.items() if name not in ("traits", "inventories")}


def refusal(status, code="", detail="Detail", headers=None):
    errors = [{"status": status, "title": "Title", "detail": detail, "code": code}]
    return Answer({"errors": errors}, status, headers)


# A change of the child, a new child, a new class and a new trait.
WANTED = [
    {"name": "node"},
    {"name": "node_0", "parent": "node", "inventories": {"CUSTOM_VF": {"total": 3}}, "traits": ["CUSTOM_NEW"]},
    {"name": "node_1", "parent": "node", "inventories": {"CUSTOM_OTHER": {"total": 2}}},
]
