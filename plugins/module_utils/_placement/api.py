# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What Placement can be asked and told, in plain data; how the requests travel is left to :class:`Transport`."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote

from . import inventory as _placement_inventory

# A list of names in one address, so that no server finds it too long.
NAMES_AT_ONCE = 40


class Reply(NamedTuple):
    """The status is None where no answer came, and ``body`` then says why."""

    status: int | None
    body: Any


class Transport:
    """Sends requests to Placement, from any thread."""

    calls = 0

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Reply:
        raise NotImplementedError


class PlacementError(Exception):
    """What could not be read or written, and Placement's own words.

    ``conflict``: somebody else was faster, so that the plan is out of date. ``unclear``: nobody knows whether it has
    been done. ``final``: it will be so for every other request too.
    """

    def __init__(self, attempt: str, reply: Reply | None = None, mine: bool = False) -> None:
        status, code, words = _explain(reply)
        super().__init__(f"{attempt}: {words}" if reply else attempt)
        self.status = status
        self.code = code
        self.final = not mine and (reply is None or status in (401, 403, 406))
        self.unclear = reply is not None and (status is None or status in (408, 429) or status >= 500)
        changed = code in ("placement.concurrent_update", "placement.duplicate_name")
        self.conflict = changed or status == 404 and code is not None


class Placement:
    """The requests that this collection needs. A provider is a dictionary of uuid, name, parent, root, generation."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @property
    def calls(self) -> int:
        """How many requests have been sent."""
        return self.transport.calls

    # Reading

    def find(self, name: str) -> dict[str, Any] | None:
        """The provider of that name; names are unique in a cloud."""
        found = self._list(f"name={quote(name, safe='')}", f"cannot look for the provider {name}")
        return found[0] if found else None

    def tree(self, uuid: str) -> list[dict[str, Any]]:
        """All providers of the tree that the provider is in; nothing if there is no such provider."""
        return self._list(f"in_tree={uuid}", f"cannot read the tree of the provider {uuid}")

    def roots(self) -> list[str]:
        """The names of all providers without a parent."""
        return [one["name"] for one in self._list("", "cannot list the providers") if one["parent"] is None]

    def marked(self, uuid: str, trait: str) -> set[str]:
        """The UUIDs of the providers of a tree that have a trait."""
        path, attempt = f"/resource_providers?in_tree={uuid}&required={trait}", f"cannot look for {trait} below {uuid}"
        reply = self.transport.send("GET", path)
        if reply.status == 400:
            # That is what Placement says of a trait that does not exist yet.
            return set()
        return {one["uuid"] for one in self._body(reply, attempt, "resource_providers")["resource_providers"]}

    def provider(self, uuid: str) -> dict[str, Any] | None:
        found = self._get(f"/resource_providers/{uuid}", f"cannot read the provider {uuid}", "uuid")
        return _provider(found) if found else None

    def inventories(self, uuid: str) -> tuple[int, dict[str, Any]] | None:
        """The generation and the inventories by resource class; None if the provider is gone."""
        found = self._get(
            f"/resource_providers/{uuid}/inventories", f"cannot read the inventories of {uuid}", "inventories"
        )
        return found and (found["resource_provider_generation"], _normal(found["inventories"]))

    def traits(self, uuid: str) -> tuple[int, list[str]] | None:
        """The generation and the traits, sorted; None if the provider is gone."""
        found = self._get(f"/resource_providers/{uuid}/traits", f"cannot read the traits of {uuid}", "traits")
        return found and (found["resource_provider_generation"], sorted(found["traits"]))

    def usages(self, uuid: str) -> dict[str, int]:
        """By resource class how much is in use."""
        found = self._get(f"/resource_providers/{uuid}/usages", f"cannot read the usages of {uuid}", "usages")
        return dict(found["usages"]) if found else {}

    def known_traits(self, names: list[str]) -> set[str]:
        """Those of the names that are traits already."""
        known: set[str] = set()
        for start in range(0, len(names), NAMES_AT_ONCE):
            query = ",".join(names[start : start + NAMES_AT_ONCE])
            found = self._get(f"/traits?name=in:{query}", "cannot look for traits", "traits")
            known.update(found["traits"] if found else [])
        return known

    def known_classes(self) -> set[str]:
        found = self._get("/resource_classes", "cannot read the resource classes", "resource_classes")
        return {one["name"] for one in found["resource_classes"]} if found else set()

    # Writing; each returns the generation after it, and says so if Placement did something else than it was told

    def make_class(self, name: str) -> bool:
        """Whether it is new."""
        return self._make(f"/resource_classes/{name}", f"cannot make the resource class {name}")

    def make_trait(self, name: str) -> bool:
        """Whether it is new."""
        return self._make(f"/traits/{name}", f"cannot make the trait {name}")

    def create(self, uuid: str, name: str, parent: str | None) -> int:
        attempt = f"cannot make the provider {name}"
        reply = self.transport.send(
            "POST", "/resource_providers", {"uuid": uuid, "name": name, "parent_provider_uuid": parent}
        )
        made = _provider(self._body(reply, attempt, "uuid"))
        if (made["uuid"], made["name"], made["parent"]) != (uuid, name, parent):
            raise PlacementError(f"{attempt}: Placement made another one, {made}", mine=True)
        return int(made["generation"])

    def write_traits(self, uuid: str, generation: int, traits: list[str]) -> int:
        attempt = f"cannot write the traits of {uuid}"
        body = {"resource_provider_generation": generation, "traits": traits}
        reply = self.transport.send("PUT", f"/resource_providers/{uuid}/traits", body)
        written = self._body(reply, attempt, "traits")
        if set(written["traits"]) != set(traits):
            raise PlacementError(f"{attempt}: Placement took {traits}, but says {written['traits']}", mine=True)
        return int(written["resource_provider_generation"])

    def write_inventories(self, uuid: str, generation: int, inventories: dict[str, Any]) -> int:
        attempt = f"cannot write the inventories of {uuid}"
        body = {"resource_provider_generation": generation, "inventories": inventories}
        reply = self.transport.send("PUT", f"/resource_providers/{uuid}/inventories", body)
        written = self._body(reply, attempt, "inventories")
        if not _placement_inventory.same(_normal(written["inventories"]), inventories):
            raise PlacementError(
                f"{attempt}: Placement took {inventories}, but says {written['inventories']}", mine=True
            )
        return int(written["resource_provider_generation"])

    def delete(self, uuid: str) -> None:
        reply = self.transport.send("DELETE", f"/resource_providers/{uuid}")
        if reply.status not in (204, 404):
            raise PlacementError(f"cannot remove the provider {uuid}", reply)

    # How

    def _list(self, query: str, attempt: str) -> list[dict[str, Any]]:
        reply = self.transport.send("GET", f"/resource_providers?{query}".rstrip("?"))
        return [_provider(one) for one in self._body(reply, attempt, "resource_providers")["resource_providers"]]

    def _get(self, path: str, attempt: str, key: str) -> Any:
        reply = self.transport.send("GET", path)
        return None if reply.status == 404 and _errors(reply) else self._body(reply, attempt, key)

    def _make(self, path: str, attempt: str) -> bool:
        reply = self.transport.send("PUT", path)
        if reply.status not in (201, 204):
            self._fail(attempt, reply)
        return reply.status == 201

    def _body(self, reply: Reply, attempt: str, key: str) -> Any:
        if reply.status not in (200, 201) or not isinstance(reply.body, dict) or key not in reply.body:
            self._fail(attempt, reply)
        return reply.body

    @staticmethod
    def _fail(attempt: str, reply: Reply) -> NoReturn:
        raise PlacementError(attempt, reply)


def _provider(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "uuid": found["uuid"],
        "name": found["name"],
        "parent": found["parent_provider_uuid"],
        "root": found["root_provider_uuid"],
        "generation": found["generation"],
    }


def _normal(inventories: dict[str, Any]) -> dict[str, Any]:
    return {name: _placement_inventory.normal(inventory) for name, inventory in inventories.items()}


def _errors(reply: Reply) -> list[dict[str, Any]]:
    errors = reply.body.get("errors") if isinstance(reply.body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _explain(reply: Reply | None) -> tuple[Any, str | None, str]:
    """Status, Placement's code and a sentence; the losers of a race sometimes get a 500 that says so."""
    if reply is None:
        return None, None, ""
    if reply.status is None:
        return None, None, f"no answer from Placement ({reply.body})"
    errors = _errors(reply)
    if not errors:
        text = " ".join(str(reply.body or "").split())[:200]
        said = f" ({text})" if text else ""
        return reply.status, None, f"status {reply.status}{said}, which does not look like an answer of Placement"
    code = errors[0].get("code")
    detail = " ".join(str(errors[0].get("detail") or errors[0].get("title") or "").split())
    if reply.status >= 500 and "concurrent" in detail.lower():
        code = "placement.concurrent_update"
    remedy = {
        401: "; the token was not accepted, log in again or correct the settings of the cloud",
        403: "; the user needs the role admin or service, with a token for a project (not for the system)",
    }.get(reply.status, "")
    return reply.status, code, f"Placement says {reply.status} {errors[0].get('title', '')}: {detail}{remedy}"
