# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the effects of steps with uses. No other code decides about conflicts."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from .._core.wording import describe_users
from .._model.uses import Touch, Unseen, Use
from .base import user


def uses_ended_by(touch: Touch, uses: Iterable[Use], lifted: Container[str] = ()) -> list[Use]:
    """Return the uses that the touch would end; ``lifted`` are options that permit an end."""
    return [
        use
        for use in uses
        if use.subject == touch.subject
        and touch.effect in use.ended_by
        and (use.lifted_by is None or use.lifted_by not in lifted)
    ]


def conflicts(touches: Iterable[Touch], uses: Iterable[Use], lifted: Container[str] = ()) -> list[str]:
    """Return a sentence for each use that the touches would end; ``lifted`` are options that permit an end.

    All users that one guard finds on a subject are in one sentence. Each use is reported once, with the first touch
    that ends it.
    """
    by_subject: dict[str, list[Use]] = {}
    for use in uses:
        by_subject.setdefault(use.subject, []).append(use)
    sentences: list[str] = []
    for touch in touches:
        here = by_subject.get(touch.subject, [])
        found = uses_ended_by(touch, here, lifted)
        by_subject[touch.subject] = [use for use in here if use not in found]
        sentences += _sentences(touch, found)
    return sentences


def describe_holders(uses: Iterable[Use]) -> str:
    """Return the processes and guests of uses for a message, empty if there are none."""
    return describe_users(user(use.holder) for use in uses if use.holder)


def blind_spots(unseen: Iterable[Unseen], accepted: Container[str] = ()) -> list[str]:
    """Return a sentence for each guard with a blind spot; ``accepted`` are names of guards to ignore."""
    return [
        f"the users of the devices to change are unknown: {one.sentence}. Or accept this with "
        f"vfio_accept_unseen: [{one.guard}]"
        for one in unseen
        if one.guard not in accepted
    ]


def _sentences(touch: Touch, found: Sequence[Use]) -> Iterator[str]:
    held: dict[tuple[str, str], list[Use]] = {}
    for use in found:
        if use.holder:
            held.setdefault((use.guard, use.advice), []).append(use)
        else:
            yield _sentence(touch, str(use.clause), use.advice)
    otherwise = f". {touch.otherwise}" if touch.otherwise else ""
    for (_guard, advice), group in held.items():
        yield _sentence(touch, f"is in use by {describe_holders(group)}", f"{advice}{otherwise}")


def _sentence(touch: Touch, clause: str, advice: str) -> str:
    return f"{touch.label} {clause}, so it cannot {touch.what}. {advice[:1].upper()}{advice[1:]}"
