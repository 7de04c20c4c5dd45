# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Suggest a declaration from the facts of a fleet: a profile for each model, as commented YAML."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.vfio.devices.plugins.module_utils._core.wording import shorten
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.filter_errors import errors_of_filter
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.host import Facts, Subject
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import plain
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles import iommu_groups
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.no_vgpus import are_unusable
from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.selection import subjects

FEW_VFS = 8
SHOWN_HOSTS = 5
WIDTH = 118
DISPLAY, NETWORK = ("03", "12"), "02"
# ASPEED and Matrox.
OF_BMC = ("1a03", "102b")
PASSED_THROUGH = "mode: pf"
UNSAFE = re.compile(r"[^a-z0-9]+")
HEADING = """\
# Suggested declaration. Review it, and remove profiles that you do not need. Then save it next to the inventory as
# group_vars/GROUP.yml, where GROUP is a group of these hosts.
# `owner: none` means that neither nova nor Cyborg assigns the devices. Without this line, the owner is nova.
vfio_profiles:"""
NOTHING = "# These hosts have no card that can be shared.\nvfio_profiles: []"
ALL_COMMENTS = """\
# Suggested declaration. All profiles are comments, because the host may use these cards. To use a profile, remove its #
# and the [] below. Then save the declaration next to the inventory as group_vars/GROUP.yml.
vfio_profiles: []"""


class Kind(NamedTuple):
    """All cards of one model, or one parent that is not a PCI function, with their hosts."""

    select: str
    label: str
    cards: list[tuple[str, Subject]]
    # Other functions in their IOMMU groups with their hosts, such as the audio function of a GPU.
    companions: list[tuple[str, str]]


def suggest_profiles(facts_by_host: Any) -> str:
    """Return the text of a valid declaration; raise ``AnsibleFilterError`` for invalid facts."""
    with errors_of_filter("suggest_profiles", "suggest_profiles takes a dictionary of facts by host name"):
        hosts = plain(facts_by_host, "the facts")
        blocks = []
        names: set[str] = set()
        for kind in _kinds(hosts):
            blocks.append(_block(kind, _free_name(kind, names), hosts))
        active = any(line.startswith("  - ") for block in blocks for line in block)
        lines = [line for block in blocks for line in block]
        if not active:
            return "\n".join([ALL_COMMENTS if lines else NOTHING, *lines])
        return "\n".join([HEADING, *lines])


def _kinds(hosts: Mapping[str, Facts]) -> list[Kind]:
    found: dict[str, Kind] = {}
    for host, facts in hosts.items():
        for card in subjects(facts).values():
            if card.get("vendor_id") and card.get("product_id"):
                select = f"vendor_id == '{card['vendor_id']}' && product_id == '{card['product_id']}'"
                ids = f"{card['vendor_id']}:{card['product_id']}"
                label = f"{card['model']} ({ids})" if card.get("model") else ids
            elif "virtual_functions" in card:
                # The ids of the card are unreadable.
                continue
            else:
                select, label = json.dumps([card["name"]]), str(card["name"])
            kind = found.setdefault(select, Kind(select, label, [], []))
            kind.cards.append((host, card))
            kind.companions.extend((host, name) for name in iommu_groups.companions_of(card, facts))
    return list(found.values())


def _block(kind: Kind, name: str, hosts: Mapping[str, Facts]) -> list[str]:
    """Return the lines of one profile; if its cards are rarely assigned to guests, they are comments."""
    settings, notes, is_active = _settings(kind)
    select = kind.select
    if PASSED_THROUGH in settings and kind.companions:
        own = {*kind.companions, *((host, card["name"]) for host, card in kind.cards)}
        names = sorted({name for dummy, name in own})
        select = json.dumps(names)
        notes.append("The list has all functions of the IOMMU groups, because a group is passed through completely.")
        others = _others(names, own, hosts)
        notes += [f"{one}. Write the addresses of each host into its host_vars." for one in others]
        is_active = is_active and not others
    body = [f"- name: {name}", f"  select: {select}", *(f"  {line}" for line in settings)]
    prefix = "  " if is_active else "  # "
    return ["", *(f"  # {note}" for note in [_where(kind), *notes]), *(prefix + line for line in body)]


def _others(names: list[str], own: set[tuple[str, str]], hosts: Mapping[str, Facts]) -> list[str]:
    """Return where the addresses of a list are other cards, which would be passed through by mistake."""
    found: dict[str, list[str]] = {}
    for host, facts in hosts.items():
        present = {*subjects(facts), *iommu_groups.companions(names, facts)}
        for name in names:
            if name in present and (host, name) not in own:
                found.setdefault(name, []).append(host)
    return [f"{name} is another card on {shorten(found[name], SHOWN_HOSTS)}" for name in found]


def _usable_vfs(card: Subject) -> int:
    """Return the number of VFs that the card supports and drivers can use."""
    return 0 if are_unusable(card.get("vf_product_id")) else card.get("total_vfs") or 0


def _settings(kind: Kind) -> tuple[list[str], list[str], bool]:
    """Return the lines after ``select``, remarks, and whether the profile is active instead of a comment."""
    card = max((one for dummy, one in kind.cards), key=lambda one: (len(one["types"]), one.get("num_vfs") or 0))
    total, pci_class = _usable_vfs(card), card.get("class") or ""
    makes_vfs = total and any(one.get("num_vfs") for dummy, one in kind.cards) and card["types"]
    if card["types"]:
        vgpu, remark = _vgpu(kind)
        mode = ["mode: vf", "num_vfs: max"] if makes_vfs else []
        lacking = list(dict.fromkeys(host for host, one in kind.cards if not one["types"] and not _usable_vfs(one)))
        if lacking:
            remark.append(f"site refuses {shorten(lacking, SHOWN_HOSTS)} until the vGPU driver is installed there.")
        return ["owner: none", *mode, f"vgpu: {vgpu}"], remark, True
    if pci_class.startswith(DISPLAY):
        drivers = sorted({str(one.get("driver")) for dummy, one in kind.cards})
        notes = [f"No vGPU types are offered (driver: {', '.join(drivers)}), so the whole card goes to one guest."]
        if total:
            notes = [
                f"No vGPU types are offered (driver: {', '.join(drivers)}). After this profile has created its {total} "
                "VFs, run discover again."
            ]
            return ["owner: none", "mode: vf", "num_vfs: max"], notes, True
        if card.get("vendor_id") in OF_BMC:
            notes = ["Graphics of a BMC: its remote console stays dark after the card is passed through."]
        return ["owner: none", PASSED_THROUGH], notes, card.get("vendor_id") not in OF_BMC
    if total and pci_class.startswith(NETWORK):
        count = max([one.get("num_vfs") or 0 for dummy, one in kind.cards] + [0]) or min(total, FEW_VFS)
        # The facts do not contain the port with the default route. A port with VFs keeps their number.
        is_active = all(one.get("num_vfs") == count for dummy, one in kind.cards)
        notes = [f"Each card supports up to {total} VFs. site rejects a host if one of the ports carries its network."]
        if not is_active:
            notes.append(f'Select the other ports by address, such as select: ["{card["name"]}"], and remove each #.')
        return ["owner: none", "mode: vf", f"num_vfs: {count}", "vf_driver: vfio-pci"], notes, is_active
    if total:
        count = min(total, FEW_VFS)
        notes = [f"Each card supports up to {total} VFs."]
        return ["owner: none", "mode: vf", f"num_vfs: {count}", "vf_driver: vfio-pci"], notes, False
    notes = ["No VFs: only the whole card can go to a guest. Check that the host does not use the card."]
    return ["owner: none", PASSED_THROUGH], notes, False


def _vgpu(kind: Kind) -> tuple[str, list[str]]:
    """Return the value of ``vgpu`` and remarks; several types if all cards have the same mix."""
    mixes = [Counter(_made(card)) for dummy, card in kind.cards]
    if len(mixes[0]) > 1 and all(mix == mixes[0] for mix in mixes):
        entries = [f"{{type: {json.dumps(name)}, count: {mixes[0][name]}}}" for name in sorted(mixes[0], key=_by_size)]
        return f"[{', '.join(entries)}]", []
    type_name, remark = _type(kind)
    return f"{{type: {json.dumps(type_name)}}}", remark


def _made(card: Subject) -> list[str]:
    """Return the type of each existing device."""
    names = {one["id"]: str(one["name"] or one["id"]) for one in card["types"]}
    return [names[one["type"]] for one in card["devices"] if one["type"] in names and one["state"] != "defined"]


def _type(kind: Kind) -> tuple[str, list[str]]:
    """Return the most frequent type of devices, or one of middle size, and remarks about other types."""
    cards = [card for dummy, card in kind.cards]
    names = {one["id"]: str(one["name"] or one["id"]) for card in cards for one in card["types"]}
    made = [names[device["type"]] for card in cards for device in card["devices"] if device["type"] in names]
    known = sorted(set(names.values()), key=_by_size)
    # NVIDIA types with all features end with Q; other vendors do not use this letter.
    graphics = [name for name in known if name.endswith("Q")] or known
    chosen = max(sorted(set(made)), key=made.count) if made else graphics[len(graphics) // 2]
    others = [name for name in known if name != chosen]
    return chosen, _wrapped("Other types: ", others) if others else []


def _by_size(name: str) -> list[tuple[int, str]]:
    """Return a sort key that places 2Q before 16Q."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _wrapped(first: str, names: list[str]) -> list[str]:
    lines = [first]
    for place, name in enumerate(names):
        text = name + (", " if place < len(names) - 1 else "")
        if len(lines[-1]) + len(text) > WIDTH - 4:
            lines[-1] = lines[-1].rstrip()
            lines.append("  ")
        lines[-1] += text
    return lines


def _where(kind: Kind) -> str:
    hosts = list(dict.fromkeys(host for host, dummy in kind.cards))
    number = len(kind.cards)
    held = {user for dummy, card in kind.cards for user in _users(card)}
    used = f", in use by {', '.join(sorted(held)[:SHOWN_HOSTS])}" if held else ""
    return f"{number} x {kind.label} on {shorten(hosts, SHOWN_HOSTS)}{used}"


def _users(card: Subject) -> list[str]:
    functions = [card, *card.get("virtual_functions", []), *card["devices"]]
    users = [user for one in functions for user in one.get("users") or []]
    return [user["domain"] or user["command"] or "a process" for user in users]


def _free_name(kind: Kind, taken: set[str]) -> str:
    """Return a unique profile name from the model: the part in brackets in pci.ids, or the whole name."""
    match = re.search(r"\[([^\]]+)\]", kind.label)
    text = UNSAFE.sub("-", (match[1] if match else kind.label.partition(" (")[0]).lower()).strip("-") or "cards"
    if text[0].isdigit():
        text = f"cards-{text}"
    name, number = text, 2
    while name in taken:
        name, number = f"{text}-{number}", number + 1
    taken.add(name)
    return name
