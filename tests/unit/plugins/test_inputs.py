# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try thousands of bad inputs, each of which is valid except for one mistake.

Each rejection has a message, has the right type of error, is in time, and changes nothing.
"""

from __future__ import annotations

import copy
import json
import time

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.filter import (
    cyborg_config,
    differing_cards,
    drift,
    flavor_extra_specs,
    fleet_summary,
    fleet_table,
    held_cards,
    hostdev_xml,
    nova_config,
    placement_tree,
    provider_config,
    refusals,
    selection,
)
from ansible_collections.vfio.devices.plugins.filter.resolve import resolve
from ansible_collections.vfio.devices.plugins.module_utils._boot.restore import restore
from ansible_collections.vfio.devices.plugins.module_utils._core.problems import Refused
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import registry as frameworks
from ansible_collections.vfio.devices.plugins.module_utils._frameworks import type_description
from ansible_collections.vfio.devices.plugins.module_utils._frameworks.capacity import CardDevices
from ansible_collections.vfio.devices.plugins.module_utils._model.host import Offer, Parent, VgpuType
from ansible_collections.vfio.devices.plugins.modules import boot_restore, mdev_facts, mdev_instance, sriov_pf_mode
from ansible_collections.vfio.devices.tests.unit.plugins.mutations import BAD, OF_YAML, mutations

UUID = "c2177883-f1bb-47f0-914d-32a22e3a8804"
# In seconds: the most that one input may take on a busy machine.
HANGS = 20
DESKTOPS = {
    "name": "t4",
    "select": "product_id == '1eb8'",
    "required": True,
    "owner": "nova",
    "vgpu": {"type": ["GRID T4-2B"], "count": 2, "attributes": [{"nvidia/vgpu_params": "x=1"}], "autostart": True},
    "placement": {"resource_class": "VGPU", "traits": ["CUSTOM_TIER_GOLD"]},
    "nova": {"max_instances": 8},
}
MIX = {
    **{"name": "mix", "select": ["0000:41:00.0"], "mode": "vf", "num_vfs": "max", "owner": "nova"},
    "vgpu": [
        {
            **{"type": "NVIDIA A40-8Q", "count": 2, "attributes": [{"nvidia/vgpu_params": "x=1"}], "autostart": True},
            **{"placement": {"resource_class": "CUSTOM_8Q"}, "nova": {"max_instances": 8}},
        },
        {"type": ["NVIDIA A40-4Q"], "count": "max", "placement": {"traits": ["CUSTOM_A"]}},
    ],
}
VIRTUAL_FUNCTION = {
    **{"index": "0", "mac": "52:54:00:12:34:56", "vlan": 5, "qos": 1, "spoofchk": True, "trust": False},
    **{"link_state": "auto", "min_tx_rate": 1, "max_tx_rate": 5, "driver": "vfio-pci"},
}
PORTS = {
    **{"name": "ports", "select": ["0000:31:00.0"], "owner": "none", "mode": "vf", "num_vfs": 8},
    **{"vf_driver": "vfio-pci", "drivers_autoprobe": False, "reconfigurable": True, "eswitch": "legacy"},
    "vfs": [VIRTUAL_FUNCTION],
    "placement": {"resource_class": "CUSTOM_NIC", "traits": ["CUSTOM_A"]},
}
WHOLE = {
    **{"name": "whole", "select": ["0000:98:00.0"], "mode": "pf", "driver": "vfio-pci"},
    "nova": {"alias": "n", "numa_policy": "socket", "physical_network": "p", "trusted": True},
}
# Phrases in errors of Python itself.
OF_PYTHON = ("Traceback", "unsupported operand", "object has no attribute", "is not subscriptable", "not iterable")
# Mistakes that are never valid in NUMBERS and, except for a fraction, in DURATIONS.
NEVER = ("infinity", "no number", "huge", "minus one", "fraction", "full-width digit", "Arabic digit", "underscore")
NUMBERS = ("count", "num_vfs", "vlan", "qos", "min_tx_rate", "max_tx_rate", "max_instances", "numa_node", "index")
DURATIONS = ("timeout",)


class Attempts:
    """Counts the inputs; ``accepted`` records the mistakes that were accepted."""

    def __init__(self):
        self.number = 0
        self.accepted = []

    def __call__(self, what, refusals, attempt, judged=True):
        """Try one input; return its value, or None if it was rejected with one of ``refusals``."""
        self.number += 1
        begin = time.process_time()
        try:
            value = attempt()
        except refusals as refused:
            said = str(refused)
            assert said, what
            assert not any(words in said for words in OF_PYTHON), f"{what}: {said}"
            return None
        except Exception as error:
            raise AssertionError(f"{what}: {error!r}") from error
        finally:
            assert time.process_time() - begin < HANGS, what
        if judged:
            self.accepted.append(what)
        return value

    def wrongly(self):
        """Return the accepted mistakes in numbers that are never valid."""
        places = [(what.partition(": ")[0].split("."), what.partition(": ")[2], what) for what in self.accepted]
        return [
            what
            for path, name, what in places
            if path[-1] in NUMBERS and name in NEVER or path[-1] in DURATIONS and name in NEVER and name != "fraction"
        ]


@pytest.fixture
def attempts(record_property):
    found = Attempts()
    yield found
    record_property("inputs", found.number)
    assert found.number
    assert found.wrongly() == []


@pytest.mark.parametrize(("host", "profiles"), [("t4", [DESKTOPS]), ("nics", [PORTS, WHOLE]), ("a40", [MIX])])
def test_declarations(simulated, attempts, host, profiles):
    facts = simulated(host).facts()
    if host == "a40":
        # As many virtual functions as the two types need.
        facts["parents"] = [one for one in facts["parents"] if one["name"].startswith("0000:41:00.")]
        facts["physical_functions"] = facts["physical_functions"][:1]
        for parent in facts["parents"]:
            parent["types"] = [one for one in parent["types"] if one["name"] in ("NVIDIA A40-8Q", "NVIDIA A40-4Q")]
    assert resolve(profiles, facts)["cards"]
    for what, bad in mutations(profiles, {**BAD, **OF_YAML}):
        key = [part for part in what.partition(": ")[0].split(".") if not part.isdecimal()][-1:]

        def attempt(bad=bad, what=what, key=key):
            try:
                return resolve(bad, facts)
            except AnsibleFilterError as refused:
                said = str(refused)
                assert not key or what.endswith(("missing", "another key")) or key[0] in said, f"{what}: {said}"
                assert said.replace("\n", "").isprintable(), what
                raise

        attempts(what, AnsibleFilterError, attempt)


OPTIONS = {
    mdev_instance: (
        "t4",
        {
            "instances": [
                {
                    **{"type": ["GRID T4-2B"], "parent": "0000:3b:00.0", "uuid": UUID, "count": "1", "numa_node": 0},
                    **{"attributes": [{"nvidia/vgpu_params": "a=1"}], "autostart": True, "label": "x"},
                }
            ],
            **{"state": "present", "exact": False, "placement": "spread", "on_busy": "fail", "persist": True},
            "timeout": 30,
        },
    ),
    sriov_pf_mode: (
        "nics",
        {
            "functions": [
                {
                    **{"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "4", "vf_driver": "vfio-pci"},
                    **{"drivers_autoprobe": False, "reconfigurable": True, "eswitch": "legacy", "label": "x"},
                    "vfs": [VIRTUAL_FUNCTION],
                },
                {"pf": "0000:98:00.0", "mode": "pf", "driver": "vfio-pci"},
            ],
            **{"on_busy": "fail", "allow_host_network": False, "persist": True, "timeout": 30},
        },
    ),
    boot_restore: ("empty", {"state": "present", "python": "/usr/bin/python3", "timeout": 30}),
    mdev_facts: ("t4", {"gather": ["devices"], "classes": ["02"]}),
}


@pytest.mark.parametrize("module", OPTIONS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_options(simulated, run_module, attempts, module):
    name, options = OPTIONS[module]
    host = simulated(name)
    # Ansible itself can neither log half a character nor pass on values without a JSON form.
    bad_values = {name: value for name, value in BAD.items() if name not in ("half a character", "deep")}
    assert not run_module(module, options, host, check_mode=True).get("failed")
    before = json.dumps(host.facts())
    for what, bad in mutations(options, bad_values):
        if not isinstance(bad, dict) or 5 in bad:
            continue

        def attempt(bad=bad):
            result = run_module(module, bad, host, check_mode=True)
            if result.get("failed"):
                raise AnsibleFilterError(result["msg"])
            return result

        attempts(what, AnsibleFilterError, attempt)
    assert json.dumps(host.facts()) == before


def few(*names):
    """Return some of the bad values, for large inputs."""
    return {name: BAD[name] for name in names}


FEW = few(
    "null", "true", "minus one", "infinity", "huge", "empty", "newline", "list of null", "other dictionary", "deep"
)


def shortened(facts):
    """Return facts with one card, one virtual function and one type."""
    facts = copy.deepcopy(facts)
    facts["parents"] = facts["parents"][:1]
    parents = [parent["name"] for parent in facts["parents"]]
    cards = [card for card in facts["physical_functions"] if card["address"] in parents or not parents]
    facts["physical_functions"] = [card for card in cards if card["framework"] or card["total_vfs"]][:1]
    for card in facts["physical_functions"]:
        card["virtual_functions"] = card["virtual_functions"][:1]
    for parent in facts["parents"]:
        parent["types"] = [one for one in parent["types"] if one["name"] in ("GRID T4-2B", "Single port serial")]
    return {part: facts[part] for part in ("physical_functions", "parents", "devices")}


HOSTS = {
    "t4": [DESKTOPS],
    "nics": [{**PORTS, "num_vfs": "max"}],
    "nics without virtual functions": [{**PORTS, "num_vfs": 0, "vfs": []}],
    "mtty": [{"name": "serial", "select": ["mtty"], "owner": "none", "vgpu": {"type": "mtty-1"}}],
}


@pytest.fixture(params=HOSTS)
def planned(request, simulated):
    """Return the facts of a host, its profiles, and its plan."""
    host = simulated(request.param.partition(" ")[0])
    if not request.param.startswith("nics"):
        host.converge({"type": "GRID T4-2B" if request.param == "t4" else "mtty-1"})
    facts = shortened(host.facts("physical_functions", "parents", "devices", "users"))
    return facts, HOSTS[request.param], resolve(HOSTS[request.param], facts)


def test_facts(planned, attempts):
    facts, profiles, plan = planned
    for what, bad in mutations(facts, FEW):
        attempts(what, AnsibleFilterError, lambda bad=bad: resolve(profiles, bad))
        for filtered in (
            lambda bad=bad: held_cards.held_cards(plan, bad),
            lambda bad=bad: fleet_table.fleet_table({"h": bad}),
        ):
            try:
                filtered()
            except AnsibleFilterError:
                continue


FILTERS = {
    "nova_config": lambda plan: nova_config.nova_config(plan, 34, True, True),
    "provider_config": lambda plan: provider_config.provider_config(plan, "root", 34),
    "cyborg_config": cyborg_config.cyborg_config,
    "placement_tree": lambda plan: placement_tree.placement_tree(plan, "root"),
    "flavor_extra_specs": flavor_extra_specs.flavor_extra_specs,
    "differing_cards": lambda plan: differing_cards.differing_cards(plan, []),
}


@pytest.mark.parametrize("name", FILTERS)
def test_plans(planned, record_property, name):
    changed = list(mutations(planned[2], FEW))
    record_property("inputs", len(changed))
    for what, bad in changed:
        try:
            FILTERS[name](bad)
        except AnsibleFilterError as refused:
            assert str(refused)
        except Exception as error:
            raise AssertionError(f"{what}: {error!r}") from error


def option_calls(planned):
    """Map each option name to the calls of a filter with it."""
    facts, profiles, plan = planned
    release = {"release": 34}
    for option in ("release", "report_in_placement", "pci_in_placement", "service"):
        yield option, lambda value, option=option: nova_config.nova_config(plan, **{**release, option: value})
    for option in ("drivers", "nova_release"):
        yield option, lambda value, option=option: cyborg_config.cyborg_config(plan, **{option: value})
    for option in ("root", "shape", "cyborg_agent", "cyborg_host", "exact_names", "drain", "traits_mode"):
        yield option, lambda value, option=option: placement_tree.placement_tree(plan, **{"root": "r", option: value})
    for option in ("root", "release"):
        yield (
            option,
            lambda value, option=option: provider_config.provider_config(
                plan, **{"root": "r", **release, option: value}
            ),
        )
    for device in ("0000:3b:00.0", UUID):
        for option in ("device_api", "managed", "display", "ramfb", "interface", "mac", "vlan"):
            yield (
                option,
                lambda value, option=option, device=device: hostdev_xml.hostdev_xml(device, **{option: value}),
            )
    yield "", hostdev_xml.hostdev_xml
    yield "", drift.drift
    yield "", lambda value: drift.drift({"a": value})
    yield "", lambda value: drift.drift({"a": {"diff": value, "functions": value, "busy": value}})
    yield "", lambda value: differing_cards.differing_cards(plan, [value])
    yield "", lambda value: refusals.refusals(plan, value)
    yield "", lambda value: refusals.refusals(value, "resolve", facts)
    yield "", fleet_table.fleet_table
    yield "", lambda value: selection.selection(value, facts)
    yield "", lambda value: fleet_summary.fleet_summary([value], {"h": {}}, ["h"])
    variables = {"placement_leader": "h", "placement_published": True}
    for name in ("vfio_compared", "mdev_made", "placement_providers", "vfio_refusals"):
        yield (
            name,
            lambda value, name=name: fleet_summary.fleet_summary(["h"], {"h": {**variables, name: value}}, ["h"]),
        )
    yield "", lambda value: fleet_summary.fleet_summary(["h"], {"h": value}, ["h"])


def test_options_of_filters(planned, attempts):
    for option, call in option_calls(planned):
        for name, value in BAD.items():
            attempts(f"{option}: {name}", AnsibleFilterError, lambda call=call, value=value: call(value))


# Files of the host


def put(host, path, content):
    """Write JSON to a file of the host; return False if the value has no JSON form."""
    try:
        host.files.replace(path, json.dumps(content).encode())
    except (TypeError, ValueError):
        return False
    return True


def restored(host):
    """Run the boot program in check mode; raise Refused for its problems, and fail for a bug."""
    results = restore(host.root(), timeout=0.1, check_mode=True)
    problems = [problem for result in results for problem in result.problems]
    assert not [problem for problem in problems if "this is a bug" in problem]
    if problems:
        raise Refused(problems)


@pytest.fixture
def serial(simulated):
    """Return a host that lost its only device, which is recorded and defined."""
    host = simulated("mtty")
    host.converge({"type": "mtty-1", "uuid": UUID})
    host.write(f"sys/bus/mdev/devices/{UUID}/remove", "1")
    return host


@pytest.mark.parametrize("path", ["etc/vfio-devices/mdev_instance/mtty.json", f"etc/mdevctl.d/mtty/{UUID}"])
def test_records_and_definitions_of_devices(serial, attempts, path):
    good = json.loads(serial.files.read(path))
    if "attrs" in good:
        good["attrs"] = [{"sample": "1"}]
    else:
        good["instances"][0]["attributes"] = [["sample", "1"]]
    for what, bad in mutations(good):
        if put(serial, path, bad):
            attempts(what, Refused, lambda: restored(serial))
            attempts(what, Refused, lambda: serial.converge({"type": "mtty-1"}, check=True), judged=False)
    assert serial.devices() == {}


def test_records_of_cards(switch, attempts):
    run = switch("nics")
    path = "etc/vfio-devices/sriov_pf_mode/0000:31:00.0.json"
    wanted = {"pf": "0000:31:00.0", "mode": "vf", "num_vfs": "2", "vfs": [{**VIRTUAL_FUNCTION, "driver": None}]}
    run(wanted)
    before = run.card("0000:31:00.0")["virtual"]
    for what, bad in mutations(json.loads(run.host.files.read(path))):
        if put(run.host, path, bad):
            attempts(what, Refused, lambda: restored(run.host))
            attempts(what, Refused, lambda: run(wanted, check=True), judged=False)
    assert run.card("0000:31:00.0")["virtual"] == before


DESCRIPTION = "num_heads=4, frl_config=45, framebuffer=1024M, max_resolution=5120x2880, max_instance=16"


def test_descriptions_of_types(attempts):
    for what, bad in mutations(dict(part.split("=") for part in DESCRIPTION.split(", ")), BAD):
        text = ", ".join(f"{name}={value}" for name, value in bad.items()) if isinstance(bad, dict) else f"{bad}"
        found = attempts(what, (), lambda text=text: type_description.attributes(text)[0])
        parent = Parent("p", "mdev", physical_function="p", offers=(Offer(VgpuType("a", "A", text, found), 4),))
        card = frameworks.capacity_of_card(CardDevices([parent], [("p", "a")], {"a": "A"}))
        assert card.room("p", "a") >= 0
