# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find misspelled variables of this collection, which Ansible ignores without a message."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from typing import Any

from ansible.utils.display import Display
from ansible_collections.vfio.devices.plugins.plugin_utils._actions.variable_checks import CHECKS

KNOWN = ("vfio_profiles", *CHECKS)
# Roles set these names.
OWN = ("placement_clouds", "report_clouds")
# Names that are less similar, or whose length differs more, are probably variables of the user.
SIMILARITY = 0.9
CHARACTERS = 1
# Names with more different letters are not compared, which takes long.
LETTERS = 4
LETTERS_OF = {known: frozenset(known) for known in KNOWN}


@cache
def meant(name: str) -> str | None:
    """Return the variable of this collection with the most similar name; None for a known or a private name."""
    # Users number their own variables.
    if name in KNOWN or name in OWN or name.startswith("_") or name[-1:].isdigit():
        return None
    candidates = [
        known
        for known, letters in LETTERS_OF.items()
        if known[0] == name[0]
        and abs(len(known) - len(name)) <= CHARACTERS
        and len(letters.symmetric_difference(name)) <= LETTERS
    ]
    return next(iter(difflib.get_close_matches(name, candidates, 1, SIMILARITY)), None)


def warnings(variables: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each variable of a host that is probably misspelled; ``variables`` are not evaluated.

    A variable that the value of the known variable uses is an intermediate result of the user.
    """
    found = []
    for name in sorted(variables):
        known = meant(name)
        if known and name not in repr(variables.get(known)):
            found.append(f"{name} is not a variable of the collection vfio.devices. Did you mean {known}?")
    return found


def warn(variables: Mapping[str, Any]) -> None:
    """Print the sentences. Ansible prints each only once for all hosts."""
    for sentence in warnings(variables):
        Display().warning(sentence)
