# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The requests to Placement in plain data; :class:`Transport` sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, TypeVar
from urllib.parse import quote

from . import responses
from .errors import PlacementError, Reply, is_refusal
from .inventory import is_same
from .model import Inventories, Listed
from .retry import Clock

Value = TypeVar("Value")

# Limits the length of URLs with lists of names.
NAMES_AT_ONCE = 40


class Transport:
    """Sends requests to Placement from any thread."""

    calls = 0
    clock = Clock()

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        raise NotImplementedError

    def hide(self, text: str) -> str:
        """Return a text of the server without secrets."""
        return text


class Placement:
    """The requests that this collection needs."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @property
    def calls(self) -> int:
        return self.transport.calls

    @property
    def clock(self) -> Clock:
        """Return the clock with the timeout for all requests together."""
        return self.transport.clock

    # Reads

    def find(self, name: str) -> Listed | None:
        """Return the provider with this name, or None; names are unique in a cloud."""
        attempt = f"cannot find the provider {name}"
        return self._list(f"name={quote(name, safe='')}", attempt, lambda body: responses.named(body, name))

    def tree(self, uuid: str) -> list[Listed]:
        """Return all providers of the tree that contains the provider; empty if it does not exist."""
        attempt = f"cannot read the tree of the provider {uuid}"
        return self._list(f"in_tree={uuid}", attempt, lambda body: responses.tree(body, uuid))

    def roots(self) -> list[str]:
        """Return the names of all providers without a parent."""
        found = self._checked(
            self.transport.send("GET", "/resource_providers"), "cannot list the providers", responses.providers
        )
        return [one["name"] for one in found if one["parent"] is None]

    def marked(self, uuid: str, trait: str) -> set[str]:
        """Return the UUIDs of providers of a tree that have a trait."""
        found = self._with_trait(f"in_tree={uuid}&required={trait}", f"cannot search for {trait} below {uuid}")
        return {one["uuid"] for one in found}

    def marked_anywhere(self, trait: str) -> list[Listed]:
        """Return all providers that have a trait."""
        return self._with_trait(f"required={trait}", f"cannot search for {trait}")

    def _with_trait(self, query: str, attempt: str) -> list[Listed]:
        reply = self.transport.send("GET", f"/resource_providers?{query}")
        if reply.status == 400 and is_refusal(reply):
            # Placement returns this error if the trait does not exist yet.
            return []
        return self._checked(reply, attempt, responses.providers)

    def provider(self, uuid: str) -> Listed | None:
        """Return the provider with this UUID, or None."""
        attempt = f"cannot read the provider {uuid}"
        found = self._get(f"/resource_providers/{uuid}", attempt, responses.provider)
        if found and found["uuid"] != uuid:
            raise PlacementError(f"{attempt}: Placement returned another provider, {found['uuid']}", mine=True)
        return found

    def inventories(self, uuid: str) -> tuple[int, Inventories] | None:
        """Return the generation and the inventories by resource class; None if the provider is missing."""
        attempt = f"cannot read the inventories of {uuid}"
        return self._get(f"/resource_providers/{uuid}/inventories", attempt, responses.inventories)

    def traits(self, uuid: str) -> tuple[int, list[str]] | None:
        """Return the generation and the sorted traits; None if the provider is missing."""
        return self._get(f"/resource_providers/{uuid}/traits", f"cannot read the traits of {uuid}", responses.traits)

    def usages(self, uuid: str) -> dict[str, int]:
        """Return the used amount by resource class."""
        attempt = f"cannot read the usages of {uuid}"
        return self._get(f"/resource_providers/{uuid}/usages", attempt, responses.usages) or {}

    def known_traits(self, names: list[str]) -> set[str]:
        """Return the names that already exist as traits."""
        known: set[str] = set()
        for start in range(0, len(names), NAMES_AT_ONCE):
            query = ",".join(names[start : start + NAMES_AT_ONCE])
            known |= self._get(f"/traits?name=in:{query}", "cannot read the traits", responses.trait_names) or set()
        return known & set(names)

    def known_classes(self) -> set[str]:
        """Return the names of all resource classes."""
        return self._get("/resource_classes", "cannot read the resource classes", responses.class_names) or set()

    # Writes; each returns the new generation, and raises PlacementError if Placement did not write as requested

    def make_class(self, name: str) -> bool:
        """Create a resource class. Return whether it is new."""
        return self._make(f"/resource_classes/{name}", f"cannot create the resource class {name}")

    def make_trait(self, name: str) -> bool:
        """Create a trait. Return whether it is new."""
        return self._make(f"/traits/{name}", f"cannot create the trait {name}")

    def create(self, uuid: str, name: str, parent: str | None) -> int:
        """Create a provider without inventories and traits."""
        attempt = f"cannot create the provider {name}"
        body = {"uuid": uuid, "name": name, "parent_provider_uuid": parent}
        sent = self.transport.send("POST", "/resource_providers", body)
        made = self._checked(sent, attempt, responses.provider, True)
        if (made["uuid"], made["name"], made["parent"]) != (uuid, name, parent):
            raise _other(attempt, name, self.transport.hide(str(made)))
        return int(made["generation"])

    def rename(self, uuid: str, name: str) -> None:
        """Rename a provider; its parent, inventories, traits and allocations stay."""
        attempt = f"cannot rename the provider {uuid} to {name}"
        reply = self.transport.send("PUT", f"/resource_providers/{uuid}", {"name": name})
        made = self._checked(reply, attempt, responses.provider, True)
        if (made["uuid"], made["name"]) != (uuid, name):
            raise _other(attempt, name, self.transport.hide(str(made)))

    def write_traits(self, uuid: str, generation: int, traits: list[str]) -> int:
        attempt = f"cannot write the traits of {uuid}"
        body = {"resource_provider_generation": generation, "traits": traits}
        reply = self.transport.send("PUT", f"/resource_providers/{uuid}/traits", body)
        after, written = self._checked(reply, attempt, responses.traits, True)
        if written != sorted(traits):
            raise _other(attempt, traits, written)
        return _later(attempt, generation, after)

    def write_inventories(self, uuid: str, generation: int, inventories: Inventories) -> int:
        attempt = f"cannot write the inventories of {uuid}"
        body = {"resource_provider_generation": generation, "inventories": inventories}
        reply = self.transport.send("PUT", f"/resource_providers/{uuid}/inventories", body)
        after, written = self._checked(reply, attempt, responses.inventories, True)
        if not is_same(written, inventories):
            raise _other(attempt, inventories, written)
        return _later(attempt, generation, after)

    def delete(self, uuid: str) -> None:
        """Remove a provider if it exists."""
        reply = self.transport.send("DELETE", f"/resource_providers/{uuid}")
        if reply.status != 204 and not (reply.status == 404 and is_refusal(reply)):
            raise _failed(f"cannot remove the provider {uuid}", reply, True)

    # Helpers

    def _list(self, query: str, attempt: str, check: Callable[[Any], Value]) -> Value:
        return self._checked(self.transport.send("GET", f"/resource_providers?{query}"), attempt, check)

    def _get(self, path: str, attempt: str, check: Callable[[Any], Value]) -> Value | None:
        reply = self.transport.send("GET", path)
        return None if reply.status == 404 and is_refusal(reply) else self._checked(reply, attempt, check)

    def _make(self, path: str, attempt: str) -> bool:
        reply = self.transport.send("PUT", path)
        if reply.status not in (201, 204):
            raise _failed(attempt, reply, True)
        return reply.status == 201

    def _checked(self, reply: Reply, attempt: str, check: Callable[[Any], Value], is_write: bool = False) -> Value:
        if reply.status not in (200, 201):
            raise _failed(attempt, reply, is_write)
        try:
            return check(reply.body)
        except responses.Malformed as error:
            message = self.transport.hide(str(error))
            raise PlacementError(
                f"{attempt}: the response is not a valid Placement response: {message}", mine=True, unclear=is_write
            ) from error


def _failed(attempt: str, reply: Reply, is_write: bool) -> PlacementError:
    """Return the error; after an unexpected success status of a write, its effect is unclear."""
    return PlacementError(attempt, reply, unclear=is_write and reply.status in range(200, 300))


def _other(attempt: str, sent: Any, returned: Any) -> PlacementError:
    """Return the error for a response that differs from the value that was sent."""
    return PlacementError(f"{attempt}: Placement accepted {sent}, but returned {returned}", mine=True, unclear=True)


def _later(attempt: str, before: int, after: int) -> int:
    if after < before:
        raise _other(attempt, f"the generation {before}", f"{after} afterwards")
    return after
