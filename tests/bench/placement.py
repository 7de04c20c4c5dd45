# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare placement_inventory with the least possible requests and with osc-placement's CLI, on a real Placement.

python -m tests.bench.placement [children...] [--fleet <hosts>]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.integration.placement import pusher, services

ROUNDS = 3
CHILDREN_OF_A_HOST = 8


def tree(root, count):
    return [pusher.child(root, number) for number in range(count)]


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


class Least:
    """The same trees with no request too many, one after another, on one connection."""

    def __init__(self, url):
        from keystoneauth1 import adapter, session, token_endpoint

        own = session.Session(auth=token_endpoint.Token(url, "admin"))
        self.adapter = adapter.Adapter(session=own, service_type="placement", endpoint_override=url)
        self.calls = 0

    def send(self, method, path, body=None):
        self.calls += 1
        return self.adapter.request(path, method, json=body, microversion="1.39").json()

    def create(self, root, providers):
        self.calls = 0
        top = self.send("GET", f"/resource_providers?name={root}")["resource_providers"][0]["uuid"]
        self.send("GET", f"/resource_providers?in_tree={top}")
        self.send("GET", "/traits?name=in:CUSTOM_A")
        for one in providers:
            uuid = self.send("POST", "/resource_providers", {"name": one["name"], "parent_provider_uuid": top})["uuid"]
            path = f"/resource_providers/{uuid}"
            self.send("PUT", f"{path}/traits", {"resource_provider_generation": 0, "traits": one["traits"]})
            inventories = {"resource_provider_generation": 1, "inventories": one["inventories"]}
            self.send("PUT", f"{path}/inventories", inventories)

    def verify(self, root, providers):
        self.calls = 0
        top = self.send("GET", f"/resource_providers?name={root}")["resource_providers"][0]["uuid"]
        for one in self.send("GET", f"/resource_providers?in_tree={top}")["resource_providers"]:
            if one["uuid"] != top:
                self.send("GET", f"/resource_providers/{one['uuid']}/inventories")
                self.send("GET", f"/resource_providers/{one['uuid']}/traits")
        assert providers


def command_line(url, root, cloud):
    """Seconds for one child: its three commands, each a process."""
    environment = {**os.environ, "OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": url, "OS_TOKEN": "admin"}
    name, parent = f"{root}_cli", cloud.provider(root)["uuid"]

    def run(*arguments):
        command = [services.BIN / "openstack", "--os-placement-api-version", "1.39", "resource", "provider", *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    def child():
        run("create", name, "--parent-provider", parent)
        uuid = cloud.provider(name)["uuid"]
        run("inventory", "set", uuid, "--resource", "CUSTOM_VF=8")
        run("trait", "set", uuid, "--trait", "CUSTOM_A")

    return seconds(child)[0]


def compare(url, cloud, counts):
    least = Least(url)
    per_child = command_line(url, "bench-warm", cloud)
    print(f"osc-placement: {per_child:.2f} s for one child (3 commands)\n")
    print("children  what    calls: module  least   seconds: module  least   ratio   CLI / module")
    for count in counts:
        taken = {key: [] for key in ("create", "create least", "verify", "verify least")}
        calls = {}
        for turn in range(ROUNDS):
            root, other = f"bench-{count}-{turn}", f"bench-{count}-{turn}-least"
            cloud.make(root)
            cloud.make(other)
            for what in ("create", "verify"):
                took, result = seconds(pusher.push, url, tree(root, count))
                taken[what].append(took)
                calls[what] = result["calls"]
                took, _nothing = seconds(getattr(least, what), other, tree(other, count))
                taken[f"{what} least"].append(took)
                calls[f"{what} least"] = least.calls
        for what in ("create", "verify"):
            ours, theirs = (statistics.median(taken[key]) for key in (what, f"{what} least"))
            cli = f"{count * per_child / ours:.0f} x" if what == "create" else ""
            print(
                f"{count:8}  {what}  {calls[what]:14}  {calls[f'{what} least']:5}   {ours:15.2f}  {theirs:5.2f}   "
                f"{ours / theirs:5.2f}   {cli}"
            )


def fleet(url, cloud, hosts):
    """One task for all hosts, as a play has it."""
    roots = [f"fleet-{number}" for number in range(hosts)]
    for root in roots:
        cloud.make(root)
    providers = [one for root in roots for one in tree(root, CHILDREN_OF_A_HOST)]
    print(f"\n{hosts} hosts with {CHILDREN_OF_A_HOST} children each, one task")
    for what in ("create", "verify"):
        took, memory, result = task(url, providers)
        print(
            f"  {what}: {result['calls']} calls, {took:.1f} s ({1000 * took / result['calls']:.1f} ms a call), "
            f"at most {memory:.0f} MB; changed {result['changed']}"
        )


def task(url, providers):
    """Seconds, the memory in MB of the largest process, and the result of a task."""
    publish = {
        "auth_type": "admin_token",
        "auth": {"endpoint": url, "token": "admin"},
        "providers": "{{ wanted }}",
    }
    with tempfile.TemporaryDirectory() as directory:
        book, wanted, result = (Path(directory, name) for name in ("play.yml", "wanted.json", "result.json"))
        keep = {"content": "{{ {'calls': done.calls, 'changed': done.changed} | to_json }}", "dest": str(result)}
        tasks = [
            {"name": "Publish", "vfio.devices.placement_inventory": publish, "register": "done"},
            {"name": "Keep what it said", "ansible.builtin.copy": {**keep, "mode": "0600"}},
        ]
        interpreter = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        play = {"hosts": "localhost", "gather_facts": False, "vars": interpreter, "tasks": tasks}
        book.write_text(json.dumps([play]))
        wanted.write_text(json.dumps({"wanted": providers}))
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", f"@{wanted}", str(book)]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _pid, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        return time.perf_counter() - start, usage.ru_maxrss / 1024, json.loads(result.read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("children", nargs="*", type=int, default=[4, 16, 64])
    parser.add_argument("--fleet", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        service = services.placement(Path(directory))
        try:
            cloud = services.Cloud(service.url)
            cloud.make("bench-warm")
            pusher.push(service.url, tree("bench-warm", 1))
            compare(service.url, cloud, options.children)
            fleet(service.url, cloud, options.fleet)
        finally:
            service.stop()


if __name__ == "__main__":
    main()
