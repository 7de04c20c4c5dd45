# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Convert errors of filters to one error with all problems in terms of the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.grouping import grouped
from ansible_collections.vfio.devices.plugins.module_utils._core.text import printable
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.json_types import misfit


@contextmanager
def errors_of_filter(name: str, needs: str) -> Iterator[None]:
    """Convert errors in the block to an error of the filter ``name``.

    The text of a ``ValueError`` is a complete message. Other errors are caused by data of another format; then
    ``needs`` describes the required format, such as ``drift takes a dictionary of registered results``.
    """
    try:
        yield
    except ValueError as error:
        raise AnsibleFilterError(f"{name}: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"{needs}: {misfit(error)}") from None


# Maximum lines of one error. A wrong template can cause thousands of problems.
MOST = 100


def refuse(headline: str, problems: list[str]) -> None:
    """Raise an error with ``headline`` and all ``problems``, if there are any."""
    if problems:
        # A name from a host can contain control characters.
        lines = [printable(line, "") for line in grouped(problems)]
        more = [f"{len(lines) - MOST} more problems"] if len(lines) > MOST else []
        raise AnsibleFilterError("\n".join([printable(headline, ""), *lines[:MOST], *more]))
