# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake of the engine's Placement interface, with data in dictionaries; tests/integration uses the real service."""

from __future__ import annotations

from ansible_collections.vfio.devices.plugins.module_utils._placement import wanted
from ansible_collections.vfio.devices.plugins.module_utils._placement.api import Placement, Transport
from ansible_collections.vfio.devices.plugins.module_utils._placement.errors import PlacementError, Reply

MARKER = "CUSTOM_OWNER_VFIO_DEVICES"
ROOT = "00000000-0000-0000-0000-000000000001"
OPTIONS = {
    "state": "present",
    "traits_mode": None,
    "drain": False,
    "purge": False,
    "scope": [],
    "create_roots": False,
    "tries": 3,
    "timeout": 60,
    "check_mode": False,
    "check_usages": True,
}


def refusal(status, code=""):
    return Reply(status, {"errors": [{"status": status, "title": "Title", "detail": "Detail", "code": code}]})


CONFLICT = refusal(409, "placement.concurrent_update")


def inventory(total, **fields):
    return {
        **{"total": total, "reserved": 0, "min_unit": 1, "max_unit": total, "step_size": 1, "allocation_ratio": 1.0},
        **fields,
    }


def provider(uuid, name, parent=ROOT, generation=1, inventories=None, traits=(MARKER,), usages=None):
    return {
        "uuid": uuid,
        "name": name,
        "parent": parent,
        "root": ROOT,
        "generation": generation,
        "inventories": inventories or {},
        "traits": sorted(traits),
        "usages": usages or {},
    }


def root(**fields):
    return provider(ROOT, "node", None, **{"traits": ["COMPUTE_NODE", "OWNER_NOVA"], **fields})


def state(*providers, **fields):
    found = {one["uuid"]: one for one in providers}
    return {
        "providers": found,
        "known_traits": set(),
        "known_classes": set(),
        "marked": set(),
        "anywhere": [],
        "roots": [],
        **fields,
    }


def parse(*providers, **options):
    return wanted.parse_providers(list(providers), {**OPTIONS, **options})


class FakePlacement(Placement):
    """Fails according to ``faults``: maps a verb to replies before it works; None lets one call through."""

    def __init__(self, *providers):
        super().__init__(Transport())
        self.data = {one["uuid"]: one for one in providers}
        self.known = set()
        self.faults = {}
        self.said = []
        self.before = {}

    def _verb(self, verb, *details):
        self.transport.calls += 1
        self.said.append((verb, *details))
        for act in self.before.pop(verb, []):
            act()
        replies = self.faults.get(verb)
        reply = replies.pop(0) if replies else None
        if reply:
            raise PlacementError(f"cannot {verb}", reply)

    def _public(self, one):
        return {key: one[key] for key in ("uuid", "name", "parent", "root", "generation")}

    def _one(self, uuid, generation):
        one = self.data.get(uuid)
        if not one:
            raise PlacementError("cannot write", refusal(404, "placement.undefined_code"))
        if one["generation"] != generation:
            raise PlacementError("cannot write", CONFLICT)
        one["generation"] += 1
        return one

    def find(self, name):
        self._verb("find", name)
        return next((self._public(one) for one in self.data.values() if one["name"] == name), None)

    def tree(self, uuid):
        self._verb("tree", uuid)
        tree = self.data[uuid]["root"] if uuid in self.data else None
        return [self._public(one) for one in self.data.values() if one["root"] == tree]

    def roots(self):
        self._verb("roots")
        return [one["name"] for one in self.data.values() if one["parent"] is None]

    def marked(self, uuid, trait):
        self._verb("marked", uuid)
        return {one["uuid"] for one in self.data.values() if one["root"] == uuid and trait in one["traits"]}

    def marked_anywhere(self, trait):
        self._verb("marked_anywhere")
        return [self._public(one) for one in self.data.values() if trait in one["traits"]]

    def provider(self, uuid):
        self._verb("provider", uuid)
        return self._public(self.data[uuid]) if uuid in self.data else None

    def _read(self, verb, uuid):
        self._verb(verb, uuid)
        return (self.data[uuid]["generation"], self.data[uuid][verb]) if uuid in self.data else None

    def inventories(self, uuid):
        return self._read("inventories", uuid)

    def traits(self, uuid):
        return self._read("traits", uuid)

    def usages(self, uuid):
        self._verb("usages", uuid)
        return self.data[uuid]["usages"] if uuid in self.data else {}

    def known_traits(self, names):
        self._verb("known_traits")
        return self.known & set(names)

    def known_classes(self):
        self._verb("known_classes")
        return self.known

    def make_class(self, name):
        self._verb("make_class", name)
        return name not in self.known

    def make_trait(self, name):
        self._verb("make_trait", name)
        return name not in self.known

    def create(self, uuid, name, parent):
        self._verb("create", name)
        if uuid in self.data or any(one["name"] == name for one in self.data.values()):
            raise PlacementError("cannot create", refusal(409, "placement.duplicate_name"))
        root = self.data[parent]["root"] if parent else uuid
        self.data[uuid] = {**provider(uuid, name, parent, 0, traits=()), "root": root}
        return 0

    def rename(self, uuid, name):
        self._verb("rename", name)
        self.data[uuid]["name"] = name

    def write_traits(self, uuid, generation, traits):
        self._verb("write_traits", uuid)
        one = self._one(uuid, generation)
        one["traits"] = sorted(traits)
        return one["generation"]

    def write_inventories(self, uuid, generation, inventories):
        self._verb("write_inventories", uuid)
        one = self._one(uuid, generation)
        one["inventories"] = inventories
        return one["generation"]

    def delete(self, uuid):
        self._verb("delete", uuid)
        del self.data[uuid]
