# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""From the data of the report to one page of HTML that needs nothing else."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
from collections import Counter
from itertools import groupby
from pathlib import Path

import jinja2
from markupsafe import Markup

FILES = Path(__file__).parent
LISTED = 12  # so many warnings are shown together
# What a browser would not show, or would use to change the order of what follows.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

CELL, STEP, ROW = 9, 11, 32  # pixels of a virtual function in the strip, their distance, and how many in a row


def render(data, title, time):
    """The page, from the data of ``_report_fleet.build``; ``time`` is a text, or None."""
    css, js = _file("page.css"), _file("page.js")
    page = _template().render(
        {**data, "n": data["numbers"], "title": title, "time": time, "LISTED": LISTED},
        css=Markup(css),
        js=Markup(js),
        css_hash=_hash(css),
        js_hash=_hash(js),
    )
    # Lines between elements are a tenth of a page with many cards. No text of the page has such a place.
    return page.strip().replace(">\n<", "><") + "\n"


def _file(name):
    return (FILES / name).read_text(encoding="utf-8")


def _hash(text):
    """As a Content-Security-Policy names the only style and the only script that may run."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _template():
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


def _visible(value):
    """Names come from the hosts and may hold anything."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return INVISIBLE.sub("\ufffd", value)
    return value


def _sentence(text):
    return text[:1].upper() + text[1:]


def _bar_text(amount):
    used = "an unknown number" if amount["used"] is None else amount["used"]
    free = "an unknown number" if amount["free"] is None else amount["free"]
    return f"{used} in use, {amount['reserved']} reserved, {free} free of {amount['total']}"


def _share(number, amount):
    """The width of a part of a bar; Placement may have assigned more than exists."""
    whole = max(amount["total"], (amount["used"] or 0) + amount["reserved"])
    return f"{100 * number / whole:.4g}%"


def _strip(functions):
    """A row of squares, one for each virtual function, as an SVG path for each state."""
    states = Counter(functions)
    # A line of dashes for each run of equal squares is shorter than the squares, and there may be thousands.
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


def _is_idle(card):
    """Whether nothing of a card is given to guests, or can be."""
    return not (card["bars"] or card["users"] or card["held"] or card["unused"] or card["types"])


def _types_of(types):
    """What a card can still make, of how many at most: ``GRID T4-: 1B 16/16, 2B 8/8``."""
    able = [one for one in types if one["free"]]
    names = [one["name"] for one in able]
    common = os.path.commonprefix(names)
    prefix = common[: common.rfind("-") + 1] if len(names) > 1 else ""
    numbers = [
        f"{one['name'][len(prefix) :]} {one['free']}/{'?' if one['most'] is None else one['most']}" for one in able
    ]
    return (f"{prefix}: " if prefix else "") + ", ".join(numbers)


@functools.cache
def _version():
    """That of the collection, from what ansible-galaxy installs with it, or else from the checkout."""
    for name, pattern in (("MANIFEST.json", r'"version": "([^"]+)"'), ("galaxy.yml", r"(?m)^version: (\S+)")):
        path = FILES.parents[2] / name
        match = re.search(pattern, path.read_text(encoding="utf-8")) if path.exists() else None
        if match:
            return match[1]
    return "of an unknown version"


def _kinds(cards):
    """What a host has, in a few words: 2 GPU, 1 NIC."""
    counts = Counter(card["kind"] for card in cards)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())) or "no cards"


def _total(cards):
    bars = [amount for card in cards for amount in card["bars"]]
    return {key: sum(amount[key] for amount in bars) for key in ("used", "reserved", "free", "total")}
