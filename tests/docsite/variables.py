# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generate the tables of variables in the pages of the playbooks from the argument specs.

python -m tests.docsite.variables     write the tables into the pages
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/docsite/rst"
# The roles of each playbook in order.
ROLES = {
    "capture": [],
    "discover": [],
    "site": ["vfio", "iommu", "sriov", "mig", "mdev", "boot", "nova_config", "cyborg_config", "placement"],
    "verify": ["vfio", "iommu", "sriov", "mig", "mdev", "boot", "nova_config", "cyborg_config", "placement"],
    "drain": ["vfio", "placement"],
    "reprofile": ["vfio", "sriov", "mig", "mdev", "boot", "nova_config", "cyborg_config", "placement"],
    "report": ["report"],
}
# Semantic markup: C(value), V(value), O(option=value), O(plugin#role:entry point:option), M(plugin), P(plugin#type).
MARKUP = re.compile(r"\b([A-Z])\(([^()]*)\)")


def page(playbook: str) -> Path:
    return PAGES / f"playbook_{playbook}.rst"


def files_of(path: Path) -> Iterator[str]:
    """Yield the text of a playbook and of all its task files."""
    text = path.read_text(encoding="utf-8")
    yield text
    for name in re.findall(r"(?:import|include)_tasks: (\S+)", text):
        yield from files_of(path.parent / name)


def written(playbook: str) -> str:
    """Return the page with the current tables."""
    text, marker, _old = page(playbook).read_text(encoding="utf-8").partition(f".. variables of {playbook}\n")
    if not marker:
        raise ValueError(f"{page(playbook)} has no line '.. variables of {playbook}'")
    return text + marker + "".join(f"{line}\n" for line in _tables(playbook))


def _tables(playbook: str) -> Iterator[str]:
    own = _options(ROOT / "playbooks/vars/argument_specs.yml", playbook)
    yield f"   The tables for {playbook} are generated: python -m tests.docsite.variables"
    yield ""
    if own:
        yield from _table(own)
    for role in ROLES[playbook]:
        options = _options(ROOT / f"roles/{role}/meta/argument_specs.yml", "main")
        yield from ["", f"Variables of the role :ansplugin:`vfio.devices.{role}#role`:", ""]
        yield from _table({name: option for name, option in options.items() if name not in own})


def _options(path: Path, entry_point: str) -> dict[str, Any]:
    specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    options: dict[str, Any] = specs.get(entry_point, {}).get("options", {})
    return options


def _table(options: dict[str, Any]) -> Iterator[str]:
    yield from [".. list-table::", "   :header-rows: 1", "   :widths: 30 15 55", ""]
    yield from ["   * - Variable", "     - Default", "     - Description"]
    for name, option in options.items():
        yield from [f"   * - ``{name}``", f"     - {_default(option)}".rstrip(), f"     - {_description(option)}"]


def _default(option: dict[str, Any]) -> str:
    if option.get("required"):
        return "required"
    value = option.get("default")
    if value is None or value == "":
        return ""
    return f"``{value if isinstance(value, str) else json.dumps(value)}``"


def _description(option: dict[str, Any]) -> str:
    description = option["description"]
    text = description if isinstance(description, str) else " ".join(description)
    choices = ", ".join(f"``{choice}``" for choice in option.get("choices", []))
    return MARKUP.sub(_code, " ".join(text.split())) + (f" Choices: {choices}." if choices else "")


def _code(match: re.Match[str]) -> str:
    """Convert markup to code; for an option of another plugin, keep only its name."""
    kind, text = match.groups()
    return f"``{text.rpartition(':')[2] if kind == 'O' else text}``"


def main() -> None:
    for playbook in ROLES:
        page(playbook).write_text(written(playbook), encoding="utf-8")


if __name__ == "__main__":
    main()
