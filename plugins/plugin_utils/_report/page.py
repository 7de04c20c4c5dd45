# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Render the data of the report as one self-contained HTML page."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection
from itertools import groupby
from pathlib import Path
from typing import TypedDict

import jinja2
from ansible_collections.vfio.devices.plugins.plugin_utils._report.model import Bar, Report, ReportedCard, TypeCounts
from markupsafe import Markup

FILES = Path(__file__).parent
COUNTABLE = ("GPU", "NIC", "accelerator")
LISTED = 12  # number of warnings that are shown together
# Characters that a browser would hide, or that change the order of the following text.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

CELL, STEP, ROW = 9, 11, 32  # in pixels: a virtual function in the strip, and their distance; then the number per row


def render(data: Report, title: str, time: str | None) -> str:
    """Return the page for the data of ``fleet.build``; ``time`` is a text, or None."""
    css, js = _file("page.css"), _file("page.js")
    page = _template().render(
        {**data, "n": data["numbers"], "title": title, "time": time, "LISTED": LISTED},
        css=Markup(css),
        js=Markup(js),
        css_hash=_hash(css),
        js_hash=_hash(js),
    )
    # Line ends between elements are a tenth of a page with many cards; no text of the page contains them.
    return page.strip().replace(">\n<", "><") + "\n"


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return a hash for the Content-Security-Policy, which permits only this style and script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _template() -> jinja2.Template:
    source = "\n".join(line.lstrip() for line in _file("page.html.j2").splitlines())
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=_visible
    )
    environment.globals.update(
        bar_text=_bar_text,
        share=_share,
        strip=_strip,
        kinds=_kinds,
        total=_total,
        sentence=_sentence,
        types_of=_types_of,
        is_idle=_is_idle,
        version=_version(),
    )
    return environment.from_string(source)


def _visible(value: object) -> object:
    """Replace invisible characters, because names come from hosts and may contain anything."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return INVISIBLE.sub("\ufffd", value)
    return value


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bar_text(amount: Bar) -> str:
    used = "an unknown number" if amount["used"] is None else amount["used"]
    free = "an unknown number" if amount["free"] is None else amount["free"]
    return f"{used} in use, {amount['reserved']} reserved, {free} free of {amount['total']}"


def _share(number: int, amount: Bar) -> str:
    """Return the width of a part of a bar; allocations in Placement may exceed the total."""
    whole = max(amount["total"], (amount["used"] or 0) + amount["reserved"])
    return f"{100 * number / whole:.4g}%"


class Strip(TypedDict):
    """The SVG of virtual functions, with sizes in pixels."""

    width: int
    height: int
    text: str
    # A path for each state.
    paths: Collection[tuple[str, str]]


def _strip(functions: list[str]) -> Strip:
    """Return a row of squares, one per virtual function, as an SVG path for each state."""
    states = Counter(functions)
    # There may be thousands of squares, and a dashed line for equal neighbours is shorter than squares.
    paths = dict.fromkeys(states, "")
    for row in range(0, len(functions), ROW):
        start = 0
        for state, run in groupby(functions[row : row + ROW]):
            number = len(list(run))
            paths[state] += f"M{start * STEP} {row // ROW * STEP + CELL / 2}h{number * STEP - STEP + CELL}"
            start += number
    words = {"used": "in use", "made": "with a free vGPU", "free": "free"}
    return {
        "width": min(len(functions), ROW) * STEP - STEP + CELL,
        "height": -(-len(functions) // ROW) * STEP - STEP + CELL,
        "text": "Virtual functions: " + ", ".join(f"{number} {words[state]}" for state, number in states.items()),
        "paths": paths.items(),
    }


def _is_idle(card: ReportedCard) -> bool:
    """Return whether a card has no devices for guests and cannot have any."""
    return not (card["bars"] or card["users"] or card["held"] or card["unused"] or card["types"])


def _types_of(types: list[TypeCounts]) -> str:
    """Return the free and the largest number of devices by type: ``GRID T4-: 1B 16/16, 2B 8/8``."""
    able = [one for one in types if one["free"]]
    names = [one["name"] for one in able]
    common = os.path.commonprefix(names)
    prefix = common[: common.rfind("-") + 1] if len(names) > 1 else ""
    numbers = [
        f"{one['name'][len(prefix) :]} {one['free']}/{'?' if one['most'] is None else one['most']}" for one in able
    ]
    return (f"{prefix}: " if prefix else "") + ", ".join(numbers)


@functools.cache
def _version() -> str:
    """Return the version of the collection from the file that ansible-galaxy installs, or from the checkout."""
    for name, pattern in (("MANIFEST.json", r'"version": "([^"]+)"'), ("galaxy.yml", r"(?m)^version: (\S+)")):
        path = FILES.parents[2] / name
        match = re.search(pattern, path.read_text(encoding="utf-8")) if path.exists() else None
        if match:
            return match[1]
    return "of an unknown version"


def _kinds(cards: list[ReportedCard]) -> str:
    """Summarize the cards of a host: ``2 GPUs, 1 NIC``."""
    counts = Counter(card["kind"] for card in cards)
    parts = (f"{number} {kind}{'s' if number > 1 and kind in COUNTABLE else ''}" for kind, number in counts.items())
    return ", ".join(sorted(parts, key=lambda part: part.partition(" ")[2])) or "no cards"


def _total(cards: list[ReportedCard]) -> dict[str, int]:
    bars = [amount for card in cards for amount in card["bars"]]
    return {
        "used": sum(amount["used"] for amount in bars),
        "reserved": sum(amount["reserved"] for amount in bars),
        "free": sum(amount["free"] for amount in bars),
        "total": sum(amount["total"] for amount in bars),
    }
