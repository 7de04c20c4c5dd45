# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a real Placement and a real Keystone, each one process on 127.0.0.1 with its own database file."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

BIN = Path(__file__).resolve().parents[3] / ".build/services/bin"
DEADLINE = 180

# Runs the commands of keystone-manage, then Keystone. Each command is a child of this process, because a start of
# Python with Keystone takes two seconds. Keystone reads the arguments of its process, so they must be removed before it
# is imported.
KEYSTONE = """
import json, os, sys
port, *commands = json.loads(sys.argv[1])
sys.argv = ["keystone"]
import waitress
from keystone.cmd import manage
for command in commands:
    child = os.fork()
    if not child:
        sys.argv = ["keystone-manage", *command]
        status = manage.main() or 0
        sys.stdout.flush()
        os._exit(status)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{command} failed")
from keystone.wsgi.api import application
waitress.serve(application, host="127.0.0.1", port=port, threads=2, _quiet=True)
"""


class Service:
    """A running server, which is stopped by its process id; ``detached`` from the process group of its starter."""

    def __init__(self, name, command, environment, directory, port, detached=False):
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.log = directory / f"{name}.log"
        with self.log.open("wb") as log:
            clean = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "PYTHONPATH"))}
            self.process = subprocess.Popen(
                command,
                env={**clean, **environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=detached,
            )

    def wait(self, path="/"):
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + path, timeout=5).close()
                return self
            time.sleep(0.05)
        raise RuntimeError(f"{self.url} does not answer:\n{self.log.read_text()[-3000:]}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def placement(directory, port=None, settings=None, detached=False):
    """Start Placement without Keystone: the token ``admin`` has all permissions, other tokens have none.

    It uses one thread, because a database file supports one writer.
    """
    directory.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    (directory / "placement.conf").write_text(settings or "")
    environment = {
        "OS_PLACEMENT_CONFIG_DIR": str(directory),
        "OS_PLACEMENT_DATABASE__CONNECTION": f"sqlite:///{directory}/placement.sqlite",
        "OS_PLACEMENT_DATABASE__SQLITE_SYNCHRONOUS": "False",
        "OS_PLACEMENT_DATABASE__SYNC_ON_STARTUP": "True",
        "OS_API__AUTH_STRATEGY": "keystone" if settings else "noauth2",
    }
    serve = [BIN / "waitress-serve", "--host=127.0.0.1", f"--port={port}", "--threads=1", "--connection-limit=500"]
    command = [*serve, "placement.wsgi.api:application"]
    return Service("placement", command, environment, directory, port, detached).wait()


@contextlib.contextmanager
def with_nodes(directory, nodes):
    """Run Placement with the roots of compute nodes, and return its cloud."""
    service = placement(directory)
    try:
        cloud = Cloud(service.url)
        for node in nodes:
            cloud.make(node, traits=["COMPUTE_NODE", "OWNER_NOVA"])
        yield cloud
    finally:
        service.stop()


def keystone(directory):
    """Start Keystone with the user admin of the project admin, password ``secret-admin``."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}/v3"
    keys = "".join(
        f"[{group}]\nkey_repository = {directory}/{group}\n" for group in ("fernet_tokens", "fernet_receipts")
    )
    config = directory / "keystone.conf"
    config.write_text(
        f"[database]\nconnection = sqlite:///{directory}/keystone.sqlite\n[token]\nprovider = fernet\n{keys}"
        f"[credential]\nkey_repository = {directory}/credential\n[identity]\npassword_hash_rounds = 4\n"
    )
    manage = ["--config-file", str(config)]
    user = ["--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())]
    urls = [f"--bootstrap-{interface}-url={url}" for interface in ("admin", "public", "internal")]
    arguments = [
        port,
        [*manage, "db_sync"],
        [*manage, "fernet_setup", *user],
        [*manage, "bootstrap", "--bootstrap-password=secret-admin", "--bootstrap-region-id=RegionOne", *urls],
    ]
    command = [BIN / "python", "-c", KEYSTONE, json.dumps(arguments)]
    return Service("keystone", command, {"OS_KEYSTONE_CONFIG_DIR": str(directory)}, directory, port).wait("/v3")


def request(method, url, body=None, headers=None):
    """Return status and body of one HTTP request, without libraries of the product."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            status, text, got = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, text, got = error.code, error.read(), error.headers
    return status, json.loads(text) if text else None, got


class Cloud:
    """Accesses Placement directly, to read it and to act as another service."""

    def __init__(self, url, token="admin"):
        self.url = url
        self.headers = {"X-Auth-Token": token, "OpenStack-API-Version": "placement 1.39"}

    def __call__(self, method, path, body=None):
        status, answer, _headers = request(method, self.url + path, body, self.headers)
        assert status < 400, (method, path, status, answer)
        return answer

    def provider(self, name):
        found = self("GET", f"/resource_providers?name={name}")["resource_providers"]
        return found[0] if found else None

    def make(self, name, parent=None, traits=(), inventories=None, uuid=None):
        """Create a provider of another service."""
        body = {"name": name, "parent_provider_uuid": parent and self.provider(parent)["uuid"]}
        made = self("POST", "/resource_providers", {**body, **({"uuid": uuid} if uuid else {})})
        for trait in traits:
            if trait.startswith("CUSTOM_"):
                self("PUT", f"/traits/{trait}")
        if traits:
            self.set(name, "traits", list(traits))
        if inventories:
            self.set(
                name, "inventories", {key: {"total": total, "max_unit": total} for key, total in inventories.items()}
            )
        return made["uuid"]

    def rename(self, name, other):
        self("PUT", f"/resource_providers/{self.provider(name)['uuid']}", {"name": other})

    def set(self, name, what, value):
        one = self.provider(name)
        body = {"resource_provider_generation": one["generation"], what: value}
        return self("PUT", f"/resource_providers/{one['uuid']}/{what}", body)

    def get(self, name, what):
        found = self("GET", f"/resource_providers/{self.provider(name)['uuid']}/{what}")[what]
        return sorted(found) if isinstance(found, list) else found

    def allocate(self, consumer, name, amounts):
        """Allocate resources for a guest."""
        body = {
            "allocations": {self.provider(name)["uuid"]: {"resources": amounts}},
            "project_id": "p",
            "user_id": "u",
            "consumer_generation": None,
            "consumer_type": "INSTANCE",
        }
        self("PUT", f"/allocations/{consumer}", body)

    def free(self, consumer):
        self("DELETE", f"/allocations/{consumer}")

    def tree(self, name):
        """Return a tree by name: parent, inventories as total or fields, and traits."""
        root = self.provider(name)
        if not root:
            return {}
        found = self("GET", f"/resource_providers?in_tree={root['uuid']}")["resource_providers"]
        names = {one["uuid"]: one["name"] for one in found}
        return {
            one["name"]: {
                "parent": names.get(one["parent_provider_uuid"]),
                "inventories": self("GET", f"/resource_providers/{one['uuid']}/inventories")["inventories"],
                "traits": sorted(self("GET", f"/resource_providers/{one['uuid']}/traits")["traits"]),
            }
            for one in found
        }
