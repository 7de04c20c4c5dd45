# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that all texts follow the rules for language in CONTRIBUTING.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vfio.devices.tests import wording

HERE = wording.ROOT / "a.yml"


def found_in(text: str) -> list[str]:
    return [one.found for one in wording.wrong_words(wording.Text(HERE, 1, text))]


@pytest.mark.parametrize("path", wording.files(), ids=lambda path: path.relative_to(wording.ROOT).as_posix())
def test_texts_are_plain_technical_english(path: Path) -> None:
    assert [f"{one.where}: {one.found!r}: {one.reason}; {one.better}" for one in wording.violations([path])] == []


def test_all_kinds_of_texts_are_checked() -> None:
    checked = {path.relative_to(wording.ROOT).as_posix() for path in wording.files()}
    assert {"README.md", "roles/vfio/README.md", "playbooks/site.yml", "docs/docsite/rst/guide_nova.rst"} <= checked
    assert {"roles/vfio/meta/argument_specs.yml", "examples/nova/group_vars/hypervisors.yml"} <= checked
    assert {"plugins/modules/mdev_facts.py", "plugins/plugin_utils/_report/page.js"} <= checked


@pytest.mark.parametrize(
    "text",
    [
        "a card that shall be whole",
        "Nobody uses it",
        "which somebody\n  made",
        "the driver tells its types",
        "it was told",
        "See that it fits",
        "3b:00.0 is no PCI address",
        "these are no cards",
        "so that it is kept",
        "no IOMMU can be had",
        "the card is given away",
        "mend the cause",
        "nova passes over it",
        "a domain of libvirt",
        "a list: With V(pf) it goes",
        "what it was",
        "all else stays",
        "a change made by hand",
        "a device that gets lost",
        "a declaration to begin with",
        "drivers of s390",
    ],
)
def test_a_wrong_text_is_found(text: str) -> None:
    assert len(found_in(text)) == 1


@pytest.mark.parametrize(
    "text", ["There is no provider.", "it is no longer used", "recommend", "The marshal", "attention", "behave"]
)
def test_a_right_text_is_not_found(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Create the declared vGPUs", 0),
        ("See the cards", 1),
        ("Have a project", 1),
        ("Create the declared vGPUs and remove all the others here", 1),
    ],
)
def test_the_name_of_a_task(name: str, number: int) -> None:
    assert len(list(wording.wrong_name(wording.Text(HERE, 1, name)))) == number


def test_where_texts_are(tmp_path: Path) -> None:
    source = '"""A docstring that counts."""\nx = f"card {a} of {b}"  # a comment\ny = "name"\nz = "two words"\n'
    texts = {(text.line, text.text) for text in wording.of_python(tmp_path, source)}
    expected = {(1, "A docstring that counts."), (2, "card … of …"), (2, "# a comment"), (4, "two words")}
    assert texts == expected


def test_names_are_those_of_plays_and_tasks(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.yml"
    tasks.write_text(
        "- name: Play\n  hosts: all\n  vars: {a: [{name: data, b: 1}]}\n  tasks:\n    - {name: Task, a.b.c: {}}\n"
    )
    node = wording.yaml.compose(tasks.read_text())
    assert [(name.line, name.text) for name in wording.names(tasks, node)] == [(1, "Play"), (5, "Task")]


def test_a_long_sentence_of_a_document_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "ROOT", tmp_path)
    short = " ".join(["word"] * wording.MOST_IN_A_SENTENCE)
    long = f"{short} more"
    texts = {
        "a.md": f"{short}.\n\n{long}.\n\n```\n{long}\n```\n\n| {long} |\n\n* {short}\n* {short}\n",
        "a.rst": f"Term {long}\n   {short}. {short}: {short}\n\nA code::\n\n   {long}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        found = [one for text in wording.prose(tmp_path / name) for one in wording.long_sentences(text)]
        assert [one.where for one in found] == [f"{name}:{3 if name == 'a.md' else 1}"]


def test_a_long_description_of_an_option_is_found() -> None:
    path = wording.ROOT / "plugins/modules/mdev_facts.py"
    described = [text.text for text in wording.prose(path)]
    assert "All ids are strings in lower case without C(0x)." in described
    long = wording.Text(path, 7, " ".join(["word"] * (wording.MOST_IN_A_SENTENCE + 1)))
    assert [one.where for one in wording.long_sentences(long)] == ["plugins/modules/mdev_facts.py:7"]
