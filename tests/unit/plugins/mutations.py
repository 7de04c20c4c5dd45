# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Valid input with one mistake."""

from __future__ import annotations

import copy
import datetime
import math


def nested(depth):
    value = []
    for _dummy in range(depth):
        value = [value]
    return value


# Maps each mistake to a value that a careless check might accept.
BAD = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "minus one": -1,
    "fraction": 1.5,
    "huge": 10**30,
    "infinity": math.inf,
    "no number": math.nan,
    "empty": "",
    "blank": " ",
    "newline": "vfio-pci\n",
    "full-width digit": "\uff18",
    "Arabic digit": "\u0663",
    "underscore": "1_000",
    "exponent": "1e3",
    "hexadecimal": "0x1EB8",
    "long": "a" * 5000,
    "way up": "../../etc/passwd",
    "slash": "a/b",
    "NUL": "a\0b",
    "escape": "\x1b[31m",
    "half a character": "\ud800",
    "template": "{{ 1 }}",
    "shell": "$(reboot)",
    "list": [],
    "list of null": [None],
    "list of lists": [[]],
    "list of text": ["a"],
    "dictionary": {},
    "other dictionary": {"a": 1},
    "key that is a number": {5: {}},
    "deep": nested(400),
}


# Values that only YAML can express.
LOOP: list[object] = []
LOOP.append(LOOP)
OF_YAML = {
    "date": datetime.date(2026, 1, 1),
    "bytes": b"a",
    "set": {"a"},
    "number of 5000 digits": 10**5000,
    "loop": LOOP,
    "key that is a list": {(1, 2): 3},
}


def places(value, path=()):
    """Yield the path of each part of a value, the value itself first."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for place in range(len(value)):
            yield from places(value[place], (*path, place))


def replaced(value, path, new):
    """Return a copy with another value at a path."""
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return value


def without(value, path):
    """Return a copy without the value at a path."""
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return value


def mutations(value, bad=None):
    """Yield copies of a value with one mistake: (description, copy)."""
    for path in places(value):
        where = ".".join(map(str, path))
        for name, new in (BAD if bad is None else bad).items():
            yield f"{where}: {name}", replaced(value, path, new)
        if path:
            yield f"{where}: missing", without(value, path)
            if isinstance(path[-1], str):
                yield f"{where}: another key", replaced(value, (*path[:-1], f"{path[-1]}_"), 1)
