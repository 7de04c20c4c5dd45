# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""How a filter answers to input that it cannot use: one error with all sentences, in the words of its user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible.errors import AnsibleFilterError
from ansible_collections.vfio.devices.plugins.module_utils._core.grouping import grouped
from ansible_collections.vfio.devices.plugins.module_utils._core.text import printable
from ansible_collections.vfio.devices.plugins.plugin_utils._plan.plain import misfit


@contextmanager
def answering(name: str, needs: str) -> Iterator[None]:
    """Turn errors of the code inside into the error of the filter ``name``.

    A ``ValueError`` says what is wrong itself. Others come from data of another form, and ``needs`` says which form
    the filter ``needs``, such as ``drift takes a dictionary of registered results``.
    """
    try:
        yield
    except ValueError as error:
        raise AnsibleFilterError(f"{name}: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"{needs}: {misfit(error)}") from None


# A mistake in a template can make thousands.
MOST = 100


def refuse(headline: str, problems: list[str]) -> None:
    """End with the sentences of all ``problems`` below ``headline``, if there are any."""
    if problems:
        # A name may come from a host, with control characters in it.
        lines = [printable(line, "") for line in grouped(problems)]
        more = [f"{len(lines) - MOST} more problems"] if len(lines) > MOST else []
        raise AnsibleFilterError("\n".join([headline, *lines[:MOST], *more]))
