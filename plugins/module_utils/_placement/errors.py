# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Responses of Placement, and the meaning of failed requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._core.problems import Failed
from .responses import words

# In characters: the longest message.
MESSAGE = 1000


class Reply(NamedTuple):
    """A response. Without one, ``status`` is None, ``body`` is the reason, and ``remedy`` a further sentence or empty.

    ``wait`` is Retry-After in seconds.
    """

    status: int | None
    body: Any
    wait: float = 0.0
    remedy: str = ""


class PlacementError(Failed):
    """A request failed; the text names it and the explanation of Placement.

    ``conflict``: another client was faster, so the plan is outdated. ``unclear``: it is unknown whether the write was
    done, and a retry may help. ``foreign``: the same, but a proxy rejected the request and will reject it again.
    ``final``: every other request will fail too. ``wait``: seconds to wait before the next request.
    """

    def __init__(self, attempt: str, reply: Reply | None = None, mine: bool = False, unclear: bool = False) -> None:
        status, code, explanation = _explain(reply)
        if reply and reply.wait:
            explanation += f". It requests a pause of {reply.wait:g} seconds before the next request"
        super().__init__(words(f"{attempt}: {explanation}" if reply else attempt, MESSAGE))
        self.status = status
        self.code = code
        self.wait = reply.wait if reply else 0.0
        self.final = not mine and not unclear and (reply is None or status in (401, 403, 406))
        self.unclear = unclear or reply is not None and (status is None or status in (408, 429) or status >= 500)
        self.foreign = reply is not None and not self.unclear and not is_refusal(reply)
        changed = code in ("placement.concurrent_update", "placement.duplicate_name")
        self.conflict = changed or status == 404 and code is not None


def is_refusal(reply: Reply) -> bool:
    """Return whether Placement reported the error, and not a proxy."""
    return bool(_errors(reply))


def _errors(reply: Reply) -> list[Mapping[str, Any]]:
    errors = reply.body.get("errors") if isinstance(reply.body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _explain(reply: Reply | None) -> tuple[Any, str | None, str]:
    """Return status, Placement's code and a sentence. Placement sometimes reports a lost race with status 500."""
    if reply is None:
        return None, None, ""
    if reply.status is None:
        return None, None, f"no answer from Placement ({reply.body}){reply.remedy}"
    errors = _errors(reply)
    if not errors:
        text = words(reply.body or "", 200)
        shown = f" ({text})" if text else ""
        return reply.status, None, f"status {reply.status}{shown}, which is not a valid Placement response"
    code = str(errors[0].get("code") or "")
    title, detail = (
        words(errors[0].get("title") or "", 80),
        words(errors[0].get("detail") or errors[0].get("title") or ""),
    )
    if reply.status >= 500 and "concurrent" in detail.lower():
        code = "placement.concurrent_update"
    remedy = {
        401: ". The token was not accepted. Log in again or correct the configuration of the cloud",
        403: ". The user needs the role admin or service, with a token for a project (not for the system)",
    }.get(reply.status, "")
    return reply.status, code, f"Placement says {reply.status} {title}: {_without_stop(detail)}{remedy}"


def _without_stop(text: str) -> str:
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text
