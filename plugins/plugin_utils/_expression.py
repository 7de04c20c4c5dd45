# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Questions to a card in JMESPath."""

from __future__ import annotations

MISSING = None
try:
    import jmespath
except ImportError as error:
    MISSING = error


def compiled(text):
    """A function that says whether the expression is true of a card, as JMESPath has it: not false, null or empty.

    Both raise ``ValueError`` with the reason; jmespath must not be ``MISSING``.
    """
    expression = _explained(jmespath.compile, text)

    def is_true(card):
        answer = _explained(expression.search, card)
        return bool(answer) or (answer == 0 and answer is not False)

    return is_true


def _explained(function, argument):
    try:
        return function(argument)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(" ".join(str(error).split())) from error
