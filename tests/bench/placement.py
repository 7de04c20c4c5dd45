# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare placement_inventory with the fewest possible requests and with the CLI osc-placement, on a real Placement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.placement import pusher, services

from . import findings, machine, processes, times
from .findings import Curve, Effort, Findings

ROUNDS = 3
COMMANDS = 3  # of the CLI, for one child
CHILDREN_OF_A_HOST = 8


def tree(root, count):
    return [pusher.child(root, number) for number in range(count)]


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


class Least:
    """Creates the same trees with the fewest requests, one after another on one connection."""

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
        # Trait and class are not in a new tree, and might be missing in this Placement.
        self.send("GET", "/traits?name=in:CUSTOM_A")
        self.send("GET", "/resource_classes")
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
    """Return the seconds for one child: its three commands, each a process."""
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


def compare(url, cloud, count, turns):
    """Return the seconds of the module, the fewest requests and the CLI per turn, and the calls of the first two."""
    least = Least(url)
    taken = {}
    calls = {}
    for turn in range(turns):
        ours, theirs, by_hand = (f"bench-{count}-{turn}{suffix}" for suffix in ("", "-least", "-cli"))
        for root in (ours, theirs, by_hand):
            cloud.make(root)
        taken.setdefault("one child by the CLI", []).append(command_line(url, by_hand, cloud))
        for what in ("create", "verify"):
            took, result = seconds(pusher.push, url, tree(ours, count))
            taken.setdefault(what, []).append(took)
            calls[what] = result["calls"]
            took, _nothing = seconds(getattr(least, what), theirs, tree(theirs, count))
            taken.setdefault(f"{what} least", []).append(took)
            calls[f"{what} least"] = least.calls
    times.note(f"\n{count} children, medians of {turns} turns (middle half); calls {calls}")
    times.show(taken)
    return taken, calls


def children(url, cloud, counts, turns):
    """Return figures and curve of one tree that is created and then verified."""
    figures, lines = [], {"created": [], "unchanged": []}
    for count in counts:
        taken, calls = compare(url, cloud, count, turns)
        cli = taken["one child by the CLI"]
        figures.append(
            findings.figure(
                f"{count} children by the CLI / created", times.ratios(cli, taken["create"], count), ">= 50"
            )
        )
        for what, line in (("create", "created"), ("verify", "unchanged")):
            least = f"{what} least"
            extra = [calls[what] / calls[least]]
            figures.append(findings.figure(f"{count} children {line}: calls / least calls", extra, "<= 1"))
            figures.append(
                findings.figure(f"{count} children {line} / the least", times.ratios(taken[what], taken[least]))
            )
            lines[line].append((count, COMMANDS * times.ratio(taken[what], cli)))
    curve = Curve(
        "providers", "One call of placement_inventory", "child providers", "times a command of the CLI", lines
    )
    return figures, curve


def fleet(url, cloud, hosts):
    """Return the figures of one task for all hosts, like in a play."""
    figures = []
    roots = [f"fleet-{number}" for number in range(hosts)]
    for root in roots:
        cloud.make(root)
    providers = [one for root in roots for one in tree(root, CHILDREN_OF_A_HOST)]
    times.note(f"\n{hosts} hosts with {CHILDREN_OF_A_HOST} children each, one task")
    for what in ("created", "unchanged"):
        run, result = task(url, providers)
        times.note(
            f"  {what}: {result['calls']} calls, {run.seconds:.1f} s ({1000 * run.seconds / result['calls']:.1f} ms a "
            f"call), at most {run.megabytes:.0f} MB; changed {result['changed']}"
        )
        figures.append(findings.figure(f"{hosts} hosts {what}: MB of the largest process", [run.megabytes]))
    # Two requests for each provider, including the root.
    least = 2 * hosts * (CHILDREN_OF_A_HOST + 1)
    figures.append(findings.figure(f"{hosts} hosts {what}: calls / least calls", [result["calls"] / least], "<= 1"))
    return figures


def task(url, providers):
    """Return the duration of a play with one task, and the result of the task."""
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
        return processes.run(command), json.loads(result.read_text())


def measure(effort: Effort) -> Findings:
    subprocess.run([machine.ROOT / "tests/setup", "services"], check=True, stdout=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        service = services.placement(Path(directory))
        try:
            cloud = services.Cloud(service.url)
            cloud.make("bench-warm")
            pusher.push(service.url, tree("bench-warm", 1))
            command_line(service.url, "bench-warm", cloud)
            figures, curve = children(service.url, cloud, effort.sizes([4, 16, 64], [2]), effort.turns(ROUNDS))
            figures += fleet(service.url, cloud, 2 if effort.quick else 50)
        finally:
            service.stop()
    return Findings(figures, [curve])
