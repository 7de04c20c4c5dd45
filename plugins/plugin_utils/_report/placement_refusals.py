# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Assign the errors of a Placement call for many hosts to hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vfio.devices.plugins.module_utils._placement.wanted import split_sentence
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter

# The result of placement_inventory, or a part of it.
Result = Mapping[str, Any]
# The providers of each host, root first.
Requests = Mapping[str, Sequence[Result]]
# Matches sentences about a provider that is listed twice, up to the index of the first entry (_placement/wanted.py).
LISTED_TWICE = re.compile(r".*: it is providers\[(\d+)\] .* again\. ")


def placement_refusals(result: Result, requests: Requests) -> dict[str, list[str]]:
    """Return sentences of the result about providers of each host."""
    needs = "placement_refusals needs a result of vfio.devices.placement_inventory, and its providers by host"
    with errors_of_filter("placement_refusals", needs):
        hosts = [host for host, providers in requests.items() for _provider in providers]
        roots = {providers[0]["name"]: host for host, providers in requests.items() if providers}
        refused: dict[str, list[str]] = {}
        for sentence in result.get("problems") or []:
            item, text = split_sentence(sentence)
            host = hosts[item] if item is not None and item < len(hosts) else _host_of_scope(sentence, roots)
            if host is not None:
                refused.setdefault(host, []).append(_same_root(host, text, hosts, requests) or text)
        for sentence in result.get("failures") or []:
            host = _host_of_provider(sentence, result["providers"], hosts, roots)
            if host is not None:
                refused.setdefault(host, []).append(sentence)
    return {host: list(dict.fromkeys(sentences)) for host, sentences in refused.items()}


def _same_root(host: str, sentence: str, hosts: list[str], requests: Requests) -> str | None:
    """Return a sentence about the variable if a provider is listed twice, because two hosts have the same root."""
    first = LISTED_TWICE.match(sentence)
    other = hosts[int(first[1])] if first else host
    name = requests[host][0]["name"]
    if other == host or name.casefold() != requests[other][0]["name"].casefold():
        return None
    return (
        f"placement_root: {name} is also that of the host {other}. Set placement_root of each host to the "
        "hypervisor_hostname of its compute node"
    )


def _host_of_scope(sentence: str, roots: Mapping[str, str]) -> str | None:
    """Return the host whose root is missing, so that nothing below it can be removed."""
    if not sentence.startswith("scope: "):
        return None
    return next((roots[word] for word in sentence.split() if word in roots), None)


def _host_of_provider(sentence: str, providers: list[Result], hosts: list[str], roots: Mapping[str, str]) -> str | None:
    """Return the host of the provider in a failure, also for an unlisted provider that was to be removed."""
    subject = next((one for one in providers if sentence.startswith(_beginnings(one["name"]))), None)
    if subject is None:
        return None
    if subject["item"] is not None:
        return hosts[subject["item"]]
    root = next((one["name"] for one in providers if one["uuid"] == subject["root"]), None)
    return roots.get(root) if root else None


def _beginnings(name: str) -> tuple[str, str]:
    """Return the possible beginnings of a failure of a provider (_placement/apply.py)."""
    return f"{name}:", f"{name} remains unchanged"
