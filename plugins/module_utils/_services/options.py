# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Validate the options that select a service: their values become parts of paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from .._core import grammar
from .._core.patterns import lazy_pattern
from .._core.problems import Refused, evaluate_all

NAME = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


class Service(NamedTuple):
    """The options of service_settings_info without the text, which is the current one."""

    project: str
    program: str
    unit: str
    path: str


def checked(options: Mapping[str, Any], label: str = "") -> Service:
    """Return the service of the options; raise ``Refused`` with a sentence for each invalid option."""
    # The unit usually has the name of the program.
    service = Service(options["project"], options["program"], options["unit"] or options["program"], options["path"])
    found = [
        f"{label}{name} must be a name such as {sample}, and not {given[:80]!r}"
        for name, given, sample in (("project", service.project, "nova"), ("program", service.program, "nova-compute"))
        if not NAME.match(given)
    ]
    sentences: list[str] = []
    grammar.collect(grammar.service_unit, options["unit"] or None, sentences)
    found += [f"{label}unit: {sentence}" for sentence in sentences]
    sentences = []
    grammar.collect(grammar.file_path, service.path, sentences)
    found += [f"{label}path {sentence}" for sentence in sentences]
    if found:
        raise Refused(found)
    return service


def checked_all(services: Iterable[Mapping[str, Any]], paths: Iterable[str]) -> list[Service]:
    """Return all services. Their paths are among those of the files, because the texts of these files are needed."""
    checks = [partial(checked, one, f"services[{place}].") for place, one in enumerate(services)]
    found: list[Service] = evaluate_all(*checks)
    wrong = [
        f"services[{place}].path must be one of the paths in files, and not {one.path}"
        for place, one in enumerate(found)
        if one.path not in paths
    ]
    if wrong:
        raise Refused(wrong)
    return found
