# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generate files from the schema of the declaration: the argument spec of the role vfio, and the guide's table.

``make keys`` writes both, and a unit test fails if they are outdated.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.vfio.devices.plugins.plugin_utils._profiles.schema import PROFILE, Options

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 120
# The keys of an entry that Ansible knows, in the order of the file.
WORDS = ("type", "elements", "required", "choices", "default")


def argument_spec(options: Options, indent: int) -> Iterator[str]:
    """Yield the lines of ``options`` in an argument spec."""
    for name, option in options.items():
        yield f"{' ' * indent}{name}:"
        yield from _description(option["description"], indent + 2)
        yield from (f"{' ' * (indent + 2)}{word}: {_yaml(option[word])}" for word in WORDS if word in option)
        if "options" in option:
            yield f"{' ' * (indent + 2)}options:"
            yield from argument_spec(option["options"], indent + 4)


def _description(sentences: str | list[str], indent: int) -> Iterator[str]:
    sentences = [sentences] if isinstance(sentences, str) else sentences
    line = f"{' ' * indent}description: {sentences[0]}"
    if len(sentences) == 1 and len(line) <= WIDTH:
        yield line
        return
    yield f"{' ' * indent}description:"
    for sentence in sentences:
        yield from _wrapped(sentence, f"{' ' * (indent + 2)}- ")


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


def table(options: Options, prefix: str = "") -> Iterator[str]:
    """Yield the rows of ``options`` in a table of reStructuredText."""
    for name, option in options.items():
        yield f"   * - ``{prefix}{name}``"
        yield from _wrapped(" ".join(_sentences(option)), "     - ")
        yield from table(option.get("options", {}), f"{prefix}{name}.")


def _sentences(option: dict[str, Any]) -> Iterator[str]:
    description = option["description"]
    for sentence in [description] if isinstance(description, str) else description:
        # In the guide, text with semantic markup of Ansible becomes code.
        yield re.sub(r"[VOC]\((?:vfio_profiles\.)?(.+?)\)", r"``\1``", sentence)
    if "choices" in option:
        yield f"Choices: {', '.join(f'``{choice}``' for choice in option['choices'])}."
    if "default" in option:
        yield f"Default: ``{_yaml(option['default'])}``."
    if option.get("required"):
        yield "Required."


def _wrapped(text: str, first: str) -> list[str]:
    """Wrap ``text`` after ``first``."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
        break_long_words=False,
    )


# By file: the text before, the text after, and the lines between them.
PLACES = {
    "roles/vfio/meta/argument_specs.yml": (
        "        # Written by make keys.\n        options:\n",
        "      vfio_host_root:\n",
        argument_spec(PROFILE, 10),
    ),
    "docs/docsite/rst/guide_declaration.rst": (
        ".. Written by make keys.\n\n"
        ".. list-table::\n   :header-rows: 1\n   :widths: 30 70\n\n   * - Key\n     - Meaning\n",
        "\n.. End of what make keys writes.\n",
        table(PROFILE),
    ),
}
TEXTS = {file: "\n".join([*lines, ""]) for file, (_before, _after, lines) in PLACES.items()}


def with_keys(file: str, text: str) -> str:
    """Return the text of a file with the generated lines."""
    before, after, _lines = PLACES[file]
    head, found, rest = text.partition(before)
    _old, end, tail = rest.partition(after)
    if not (found and end):
        raise ValueError(f"{file} lacks the lines between which the keys belong")
    return head + before + TEXTS[file] + after + tail


if __name__ == "__main__":
    for name in PLACES:
        path = ROOT / name
        path.write_text(with_keys(name, path.read_text(encoding="utf-8")), encoding="utf-8")
