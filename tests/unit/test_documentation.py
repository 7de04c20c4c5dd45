# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that README, guides and code agree, in both directions."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from ansible_collections.vfio.devices.tests import compat
from ansible_collections.vfio.devices.tests.unit import guide

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs/docsite/rst"
HOLE = "\0"
# On GitHub, the page and the badge of a workflow are next to the files.
OF_WORKFLOW = re.compile(r"^\.\./\.\./actions/workflows/([a-z]+\.yml)(/badge\.svg\?branch=main)?$")


def public(directory: str, pattern: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / directory).glob(pattern) if path.stem not in ("README", "__init__"))


NAMES = {
    name
    for directory, pattern in (
        ("plugins/modules", "*.py"),
        ("plugins/filter", "*.py"),
        ("plugins/action", "*.py"),
        ("plugins/callback", "*.py"),
        ("roles", "*"),
        ("playbooks", "*.yml"),
    )
    for name in public(directory, pattern)
}
README = (ROOT / "README.md").read_text(encoding="utf-8")
TROUBLESHOOTING = (GUIDES / "guide_troubleshooting.rst").read_text(encoding="utf-8")
MESSAGES = re.findall(r"^``(.+)``$", TROUBLESHOOTING, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_readme_names_all_there_is(name: str) -> None:
    assert re.search(rf"`(vfio\.devices\.)?{name}`", README)


def test_the_readme_and_the_guides_name_nothing_else() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *GUIDES.glob("*.rst")]}
    known = {*NAMES, "devices", "host", "openstack", "docsite", "git", "plugins"}
    for document, text in texts.items():
        assert {*re.findall(r"vfio\.devices\.([a-z_]+)", text)} <= known, document


@pytest.mark.parametrize("document", [ROOT / "README.md", *sorted(ROOT.glob("roles/*/README.md"))], ids=str)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    links = [OF_WORKFLOW.sub(r".github/workflows/\1", link) for link in links]
    assert not [link for link in links if ":" not in link and not (document.parent / link).exists()]


def test_the_badges_say_what_the_files_say() -> None:
    core = f"{[*compat.CORES][0]} to {[*compat.CORES][-1]}"
    (licence,) = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["license"]
    expected = {
        f"ansible-core {core}": f"ansible--core-{core}-blue",
        f"Python {compat.PYTHONS[0]} or later on hosts": f"Python on hosts-{compat.PYTHONS[0]} or later-blue",
        f"License {licence}": f"license-{licence.replace('-', '--')}-blue",
    }
    badges = re.findall(r"!\[([^]]+)\]\(https://img\.shields\.io/badge/([^)]+)\)", README)
    assert {title: unquote(badge) for title, badge in badges} == expected


def test_every_guide_is_in_the_index() -> None:
    index = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))
    listed = [guide for section in index["sections"] for guide in section["toctree"]]
    assert sorted(listed) == public("docs/docsite/rst", "*.rst")


def test_the_guide_has_all_keys_of_a_profile() -> None:
    spec = yaml.safe_load((ROOT / "roles/vfio/meta/argument_specs.yml").read_text(encoding="utf-8"))
    profile = spec["argument_specs"]["main"]["options"]["vfio_profiles"]["options"]

    def keys(options: dict[str, Any], prefix: str = "") -> list[str]:
        below = [name for key, one in options.items() for name in keys(one.get("options", {}), f"{prefix}{key}.")]
        return [*(f"{prefix}{key}" for key in options), *below]

    text = (GUIDES / "guide_declaration.rst").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^   \* - ``([a-z_.]+)``$", text, re.MULTILINE)) == sorted(keys(profile))


def said_by(path: Path) -> list[str]:
    """Return the possible messages of a Python file, with a mark for names and numbers."""
    return [
        "".join(part.value if isinstance(part, ast.Constant) else HOLE for part in getattr(node, "values", [node]))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    ]


@pytest.fixture(scope="module")
def sayings() -> str:
    said = "\n".join(saying for path in (ROOT / "plugins").rglob("*.py") for saying in said_by(path))
    return re.sub(f"{HOLE}+", HOLE, said)


@pytest.fixture(scope="module")
def roles() -> str:
    return " ".join(" ".join(path.read_text(encoding="utf-8") for path in (ROOT / "roles").rglob("*.yml")).split())


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_of_the_guide_is_in_the_code(message: str, sayings: str, roles: str) -> None:
    parts = re.split("<.+?>", message)
    # Roles build their messages in expressions.
    assert HOLE.join(parts) in sayings or re.search(".{,80}?".join(map(re.escape, parts)), roles)


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 30


@pytest.mark.parametrize(
    ("section", "file"),
    [
        ("Add a framework", "plugins/module_utils/_frameworks/acme.py"),
        ("Add a guard", "plugins/module_utils/_guards/reservations.py"),
        ("Add a cloud", "plugins/plugin_utils/_clouds/kubevirt.py"),
    ],
)
@pytest.mark.parametrize("command", [["check"], ["format", "--diff"]], ids=lambda command: command[0])
def test_the_examples_for_contributors_pass_the_fast_checks(section: str, file: str, command: list[str]) -> None:
    checked = ["ruff", *command, "--stdin-filename", file, "-"]
    result = subprocess.run(checked, check=False, cwd=ROOT, input=guide.code(section), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
