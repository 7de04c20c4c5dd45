# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the rules that hold for the collection as a whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vfio.devices.tests import compat
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]

# REUSE.toml names the licence of files that cannot contain comments or that a tool writes.
NAMED_ELSEWHERE = {"LICENSE", "LICENSES/GPL-3.0-or-later.txt", "CHANGELOG.rst", "changelogs/changelog.yaml"}
SUFFIXES_WITHOUT_COMMENTS = {".json", ".png"}
# Split in two, because "reuse lint" would take the rest of the line for a licence.
LICENCE = b"SPDX-License" + b"-Identifier: GPL-3.0-or-later"

# Split so that this file does not match.
FOREIGN = re.compile("|".join(["/" + "work/", "shared/" + "reference", "/root" + r"/\.", "/home" + r"/\w"]))


def read_yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def collection_files() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def plugins(kind: str) -> list[str]:
    below = ROOT / "plugins" / kind
    return sorted(str(path.relative_to(below).with_suffix("")) for path in below.rglob("*.py"))


FILES = collection_files()


def made_into_plugins() -> set[str]:
    """Return the files of plugin_utils whose function is a filter of the same name, and is tested as that filter."""
    imported = re.compile(r"plugins\.plugin_utils\.([\w.]+) import (\w+)$", re.MULTILINE)
    return {
        place.replace(".", "/")
        for name in plugins("filter")
        for place, function in imported.findall((ROOT / "plugins" / "filter" / f"{name}.py").read_text("utf-8"))
        if function == name
    }


def test_every_plugin_has_a_unit_test() -> None:
    kinds = ("action", "filter", "lookup", "module_utils", "modules", "plugin_utils")
    wanted = [
        f"tests/unit/plugins/{kind}/{place}{slash}test_{name}.py"
        for kind in kinds
        for place, slash, name in (one.rpartition("/") for one in plugins(kind))
        if kind != "plugin_utils" or f"{place}{slash}{name}" not in made_into_plugins()
    ]
    assert not [test for test in wanted if test not in FILES]


def test_every_supported_core_is_run() -> None:
    supported = SpecifierSet(read_yaml("meta/runtime.yml")["requires_ansible"])
    cores = [Version(core) for core in compat.CORES]
    assert all(f"{core}.0" in supported for core in compat.CORES)
    # The adjacent versions are not promised.
    assert f"2.{cores[0].minor - 1}.99" not in supported
    assert f"2.{cores[-1].minor + 1}.0" not in supported
    assert [core.minor for core in cores] == list(range(cores[0].minor, cores[-1].minor + 1))
    assert f"ansible-core {cores[0]} to {cores[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_action_groups_name_every_module_once() -> None:
    groups = read_yaml("meta/runtime.yml")["action_groups"]
    listed = [module for group in groups.values() for module in group if isinstance(module, str)]
    # A module that exists only for its action plugin has no options of a host or a cloud.
    assert sorted(listed) == [name for name in plugins("modules") if name != "show"]


def test_action_groups_are_documented_in_their_modules() -> None:
    for group, members in read_yaml("meta/runtime.yml")["action_groups"].items():
        for module in members:
            if isinstance(module, str):
                text = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
                assert f"vfio.devices._attributes.{group}" in text, module


def test_the_execution_environment_names_its_files() -> None:
    python = read_yaml("meta/execution-environment.yml")["dependencies"]["python"]
    assert python in FILES


def test_every_file_names_its_licence() -> None:
    silent = [
        name
        for name in FILES
        if name not in NAMED_ELSEWHERE
        and Path(name).suffix not in SUFFIXES_WITHOUT_COMMENTS
        # The licence of a recording is in the file next to it.
        and Path(name).name != "recording.txt"
        and (ROOT / name).stat().st_size
        and LICENCE not in (ROOT / name).read_bytes()[:1000]
    ]
    assert not silent


def test_the_licence_is_the_one_that_the_files_name() -> None:
    assert read_yaml("galaxy.yml")["license"] == ["GPL-3.0-or-later"]
    assert [path.name for path in (ROOT / "LICENSES").iterdir()] == ["GPL-3.0-or-later.txt"]
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / "LICENSES/GPL-3.0-or-later.txt").read_bytes()


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    found = []
    for name in FILES:
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {match.group()}" for match in FOREIGN.finditer(text)]
    assert not found


def test_the_version_is_the_newest_of_the_changelog_unless_fragments_wait() -> None:
    version = Version(read_yaml("galaxy.yml")["version"])
    newest = max(Version(release) for release in read_yaml("changelogs/changelog.yaml")["releases"])
    fragments_wait = any(name.startswith("changelogs/fragments/") for name in FILES)
    assert version == newest or (version > newest and fragments_wait)


def test_sanity_needs_no_ignore_file() -> None:
    assert not [name for name in FILES if name.startswith("tests/sanity/ignore")]
