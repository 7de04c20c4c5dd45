# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find the provider of each entry, its place in the tree, and the providers to remove; no I/O."""

from __future__ import annotations

from . import former_name, names
from .model import Entry, Node, PlanOptions, Provider, ProviderToRemove, State
from .wanted import former_roots, label


class Nodes:
    """Entries matched with providers. ``problems`` are sentences about entries that do not match.

    ``to_remove`` are the providers to remove, each with its ``item`` or None. ``missing`` are the names that state
    absent did not find, and names of missing optional providers with all below them.
    """

    def __init__(self, state: State, wanted: list[Entry], options: PlanOptions) -> None:
        self.providers = state["providers"]
        self.wanted = wanted
        self.options = options
        self.problems: list[str] = []
        self.missing: list[str] = []
        self.lacks_a_root = False
        self._lost_roots: dict[str, str | None] = {}
        self._above = {entry["above"] for entry in wanted}
        self._roots = state["roots"]
        self._marked = state["marked"]
        self.former_roots = former_roots(wanted, self.providers, options["scope"])
        self._by_name = {one["name"]: one for one in self.providers.values() if one["root"] not in self.former_roots}
        self._by_folded_name = {name.casefold(): one for name, one in self._by_name.items()}
        self._left_out_below: dict[int, Entry] = {}
        self._nodes: dict[int, Node | None] = {}
        for entry in wanted:
            self._resolve(entry)
        self._listed = {node["uuid"] for node in self._nodes.values() if node}
        self.to_remove = (
            self._absent() if options["state"] == "absent" else self._unlisted() if options["purge"] else []
        )

    def present(self) -> list[Node]:
        """Return the desired entries that have a place in the tree."""
        if self.options["state"] == "absent":
            return []
        return [node for node in self._nodes.values() if node]

    def left_out(self) -> dict[str, int]:
        """Return each missing optional provider by name, with the number of providers below it that are skipped.

        Entries that only define a place are not counted.
        """
        lost: dict[str, int] = {}
        for item, top in self._left_out_below.items():
            entry = self.wanted[item]
            if entry["inventories"] or entry["traits"]:
                name = str(top["name"] or top["uuid"])
                lost[name] = lost.get(name, 0) + (entry is not top)
        return lost

    def other_names(self) -> dict[str, list[str]]:
        """Map each missing optional root to the roots in Placement that probably are the same host."""
        found = {name: [old] if old else names.same_host(name, self._roots) for name, old in self._lost_roots.items()}
        return {name: others for name, others in found.items() if others}

    def named(self, reference: str) -> Provider | None:
        """Return the existing provider with this name or UUID, or None."""
        return self.providers.get(reference) or self._by_name.get(reference)

    def is_listed(self, provider: Provider) -> bool:
        return provider["uuid"] in self._listed

    def unlisted(self) -> list[Provider]:
        """Return the unlisted providers below listed roots that look like ours."""
        if self.options["state"] == "absent":
            return []
        return [
            provider
            for provider in self.providers.values()
            if provider["parent"]
            and provider["root"] in self._listed
            and not self.is_listed(provider)
            and (names.is_of_card(provider["name"], provider["uuid"]) or self._is_derived(provider))
        ]

    def unexpected(self) -> list[Provider]:
        """Return our own unlisted providers that are not removed."""
        going = {provider["uuid"] for provider in self.to_remove}
        return [one for one in self.unlisted() if self.is_marked(one) and one["uuid"] not in going]

    def _is_ours(self, provider: Provider) -> bool:
        """Return whether a provider has our marker, or was created by a run that was interrupted before the marker."""
        if provider["traits"] is not None and names.MARKER in provider["traits"]:
            return True
        return bool(provider["generation"] == 0 and self._is_derived(provider))

    def in_scope(self) -> list[Provider]:
        """Return the providers below those in ``scope``."""
        tops = {top["uuid"] for reference in self.options["scope"] for top in [self.named(reference)] if top}
        return [provider for provider in self.providers.values() if tops & set(self._ancestors(provider))]

    def depth(self, uuid: str) -> int:
        return len(self._ancestors(self.providers[uuid]))

    def parent_name(self, provider: Provider) -> str | None:
        return self.providers[provider["parent"]]["name"] if provider["parent"] in self.providers else None

    # Match entries with providers

    def _resolve(self, entry: Entry) -> Node | None:
        item = entry["item"]
        if item not in self._nodes:
            provider = self.named(entry["uuid"] or "") or self.named(entry["name"] or "")
            if provider:
                self._nodes[item] = self._existing(entry, provider)
            else:
                self._nodes[item] = self._former(entry) or self._new(entry)
        return self._nodes[item]

    def _existing(self, entry: Entry, provider: Provider) -> Node | None:
        problems_before = len(self.problems)
        for field in ("uuid", "name"):
            if entry[field] and entry[field] != provider[field]:
                self._refuse(
                    entry,
                    f"the provider {provider['name']} has the UUID {provider['uuid']}, so {field} {entry[field]} does "
                    "not match. Remove one of the two, or remove the provider first",
                )
        parent_name = self.parent_name(provider)
        if entry["parent"] and entry["parent"] not in (provider["parent"], parent_name):
            self._refuse(
                entry,
                f"its parent is {parent_name or 'no provider'} and not {entry['parent']}. Providers are not moved: "
                "correct parent, or remove the provider first",
            )
        if len(self.problems) > problems_before:
            return None
        return self._node(entry, provider, provider["uuid"], provider["name"], provider["parent"], parent_name)

    def _former(self, entry: Entry) -> Node | None:
        """Match the entry with the provider of its card that has another name, which will be renamed."""
        above = self._resolve(self.wanted[entry["above"]]) if entry["above"] is not None else None
        parent = above or self.named(entry["parent"] or "")
        found = former_name.provider_of(
            entry, parent["uuid"] if parent else None, self.providers.values(), self.wanted, self.is_marked
        )
        if found is None:
            return None
        return self._node(entry, found, found["uuid"], str(entry["name"]), found["parent"], self.parent_name(found))

    def _new(self, entry: Entry) -> Node | None:
        if self.options["state"] == "absent":
            self.missing.append(str(entry["name"] or entry["uuid"]))
            return None
        if self._is_left_out(entry):
            return None
        if not entry["name"]:
            return self._refuse(entry, "there is no provider with this UUID. Set its name to create it")
        parent = entry["parent"]
        if not parent:
            if not self.options["create_roots"]:
                # The roles list a root with its cards.
                advice = names.ROOT_OF_HOST if entry["item"] in self._above else names.ROOT_OF_ENTRY
                return self._lacks_root(entry, entry["name"], names.NO_ROOT, advice)
            uuid = entry["uuid"] or names.derived_uuid(None, entry["name"])
            return self._node(entry, None, uuid, entry["name"], None, None)
        above = self._parent_of(entry, parent)
        if above is None:
            return None
        root = above["root"]
        uuid = entry["uuid"] or names.derived_uuid(root, entry["name"])
        if uuid in self.providers:
            return self._refuse(entry, f"its UUID {uuid} is already used by {self.providers[uuid]['name']}")
        reason = self._why_not_named_so(entry["name"], above["root_name"], entry["traits"] or [])
        if reason:
            return self._refuse(entry, reason)
        node = self._node(entry, None, uuid, entry["name"], above["uuid"], above["name"])
        return {**node, "root": root, "root_name": above["root_name"], "depth": above["depth"] + 1}

    def _is_left_out(self, entry: Entry) -> bool:
        """Return whether an entry is skipped because it or one above it is optional. Record the topmost one."""
        top = None
        if entry["above"] is not None:
            self._resolve(self.wanted[entry["above"]])
            top = self._left_out_below.get(entry["above"])
        if top is None and not entry["optional"]:
            return False
        # A missing root does not matter without entries below it and without purge.
        matters = entry["item"] in self._above or entry["name"] in self.options["scope"]
        if top is None and entry["name"] and not entry["parent"] and matters:
            self._lost_roots[entry["name"]] = self._former_root(entry)
            self.lacks_a_root = True
        self._left_out_below[entry["item"]] = top or entry
        self.missing.append(str(entry["name"] or entry["uuid"]))
        return True

    def _why_not_named_so(self, name: str, root_name: str, traits: list[str]) -> str | None:
        other = self._by_folded_name.get(name.casefold())
        if other:
            return (
                f"there is {other['name']} already, which differs only by case, and some Placement databases treat "
                "both names as equal. Remove that provider, or remove this entry"
            )
        return names.name_conflict(name, root_name, traits)

    def _parent_of(self, entry: Entry, parent: str) -> Node | None:
        if entry["above"] is not None:
            # Errors of the parent are reported at the parent's entry.
            return self._resolve(self.wanted[entry["above"]])
        provider = self.named(parent)
        if provider is None:
            reason = f"its parent {parent} is neither listed nor in Placement"
            return self._lacks_root(entry, parent, reason, names.ROOT_OF_PARENT)
        return self._node(entry, provider, provider["uuid"], provider["name"], provider["parent"], None)

    def _node(
        self, entry: Entry, provider: Provider | None, uuid: str, name: str, parent: str | None, above: str | None
    ) -> Node:
        root = self.providers.get(provider["root"]) if provider else None
        return {
            "uuid": uuid,
            "name": name,
            "parent": parent,
            "root": provider["root"] if provider else uuid,
            "item": entry["item"],
            "inventories": entry["inventories"],
            "traits": entry["traits"],
            "drain": self.options["drain"] if entry["drain"] is None else entry["drain"],
            "cards": entry["cards"],
            "provider": provider,
            "parent_name": above,
            "root_name": root["name"] if root else name,
            "depth": self.depth(uuid) if provider else 0,
            "ours": provider is None or self._is_ours(provider) or self._declared(entry, provider),
        }

    def _lacks_root(self, entry: Entry, name: str, reason: str, advice: str) -> Node | None:
        """Refuse an entry without an existing root; most likely the name is only spelled differently."""
        self.lacks_a_root = True
        return self._refuse(
            entry,
            f"{reason}. {names.describe_roots(name, self._roots, self._former_root(entry))}. {advice}",
        )

    def _former_root(self, entry: Entry) -> str | None:
        former = self.providers.get(entry["former_root"] or "")
        return former["name"] if former else None

    def _refuse(self, entry: Entry, sentence: str) -> Node | None:
        self.problems.append(f"{label(entry)}: {sentence}")
        return None

    # Providers to remove

    def _absent(self) -> list[ProviderToRemove]:
        return [
            {**node["provider"], "item": node["item"], "ours": node["ours"]}
            for node in self._nodes.values()
            if node and node["provider"]
        ]

    def _unlisted(self) -> list[ProviderToRemove]:
        for reference in self.options["scope"]:
            if not self.named(reference) and not any(reference in (one["name"], one["uuid"]) for one in self.wanted):
                self.problems.append(f"scope: there is no provider {reference} in Placement. Correct or remove it")
        return [
            {**provider, "item": None, "ours": True}
            for provider in self.in_scope()
            if not self.is_listed(provider) and self.is_marked(provider)
        ]

    def is_marked(self, provider: Provider) -> bool:
        """Return whether an unlisted provider is ours."""
        return bool(provider["uuid"] in self._marked or provider["generation"] == 0 and self._is_derived(provider))

    def _declared(self, entry: Entry, provider: Provider) -> bool:
        return bool(provider["generation"] == 0 and entry["uuid"] == provider["uuid"])

    def _is_derived(self, provider: Provider) -> bool:
        root = provider["root"] if provider["parent"] else None
        return bool(provider["uuid"] == names.derived_uuid(root, provider["name"]))

    def _ancestors(self, provider: Provider) -> list[str]:
        found: list[str] = []
        parent = provider["parent"]
        while parent and parent not in found:
            found.append(parent)
            parent = self.providers[parent]["parent"] if parent in self.providers else None
        return found
