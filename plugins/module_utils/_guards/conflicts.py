# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Compare the effects of steps with uses. No other code decides about conflicts."""

from __future__ import annotations

from collections.abc import Container, Iterable

from .._core.problems import holders
from .._model.uses import Touch, Unseen, Use
from .base import user


def conflicts(touches: Iterable[Touch], uses: Iterable[Use], lifted: Container[str] = ()) -> list[str]:
    """Return a sentence for each use that the touches would end; ``lifted`` are options that permit an end.

    All users that one guard finds on a subject are in one sentence. Each use is reported once, with the first touch
    that ends it.
    """
    by_subject: dict[str, list[Use]] = {}
    for use in uses:
        if use.lifted_by is None or use.lifted_by not in lifted:
            by_subject.setdefault(use.subject, []).append(use)
    sentences = []
    for touch in touches:
        ended = [use for use in by_subject.get(touch.subject, ()) if touch.effect in use.ended_by]
        by_subject[touch.subject] = [use for use in by_subject.get(touch.subject, ()) if use not in ended]
        held: dict[tuple[str, str], list[Use]] = {}
        for use in ended:
            if use.holder:
                held.setdefault((use.guard, use.advice), []).append(use)
            else:
                sentences.append(_sentence(touch, str(use.clause), use.advice))
        for (_guard, advice), group in held.items():
            users = holders([user(use.holder) for use in group if use.holder])
            sentences.append(_sentence(touch, f"is in use by {users}", advice))
    return sentences


def blind_spots(unseen: Iterable[Unseen], accepted: Container[str] = ()) -> list[str]:
    """Return a sentence for each guard with a blind spot; ``accepted`` are names of guards to ignore."""
    return [
        f"the users of the devices to change are unknown: {one.sentence}. Or accept this with "
        f"vfio_accept_unseen: [{one.guard}] (option accept_unseen of the module)"
        for one in unseen
        if one.guard not in accepted
    ]


def _sentence(touch: Touch, clause: str, advice: str) -> str:
    return f"{touch.label} {clause}, so it cannot {touch.what}. {advice[:1].upper()}{advice[1:]}"
