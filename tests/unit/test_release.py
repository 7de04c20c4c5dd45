# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the content of a release, and what stops one."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile

import pytest
from ansible_collections.vfio.devices.tests import release, sanity

ADDRESS = "https://git.example.org/team/vfio"
READY = {"version": "1.2.0", "repository": ADDRESS, "issues": f"{ADDRESS}/issues"}
# Split so that this file does not match.
OF_A_FORGE = re.compile(r"\b[a-z0-9-]+\.(com|org|net|io|dev)[/:][\w.-]+/" + r"vfio[._-]devices\b", re.IGNORECASE)


def test_a_release_that_is_ready():
    assert release.problems("1.2.0", ADDRESS, READY, ["1.1.0", "1.2.0"], ["changelogs/fragments/.keep"]) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tag": "v1.2.0"}, "The tag v1.2.0 is not the version 1.2.0 of galaxy.yml."),
        ({"released": ["1.1.0"]}, "The changelog has no release 1.2.0. Run antsibull-changelog release."),
        (
            {"files": ["changelogs/fragments/a.yml", "changelogs/fragments/b.yml"]},
            "Fragments are not released: a.yml, b.yml. Run antsibull-changelog release.",
        ),
        (
            {"galaxy": {"version": "1.2.0"}},
            f"galaxy.yml names no repository. Add to it: repository: {ADDRESS}",
        ),
        (
            {"address": "https://git.example.org/fork/vfio"},
            f"galaxy.yml names the repository {ADDRESS}, and this is https://git.example.org/fork/vfio. "
            "Correct galaxy.yml.",
        ),
        (
            {"galaxy": {**READY, "issues": "https://git.example.org/team/vfio2/issues"}},
            "galaxy.yml names https://git.example.org/team/vfio2/issues as issues, "
            f"which is outside of the repository {ADDRESS}.",
        ),
    ],
)
def test_what_stops_a_release(changes, sentence):
    ready = {"tag": "1.2.0", "address": ADDRESS, "galaxy": READY, "released": ["1.2.0"], "files": []}
    assert release.problems(**{**ready, **changes}) == [sentence]


def test_all_reasons_are_named_at_once():
    assert len(release.problems("v1", ADDRESS, {"version": "1.2.0"}, [], ["changelogs/fragments/a.yml"])) == 4


def test_links_of_the_readme_lead_to_the_release():
    text = "[a](CHANGELOG.rst) [b](./docs/b.rst) [c](https://example.org/c) [d](#d) [e](mailto:e@example.org)"
    assert release.absolute(text, ADDRESS, "1.2.0") == (
        f"[a]({ADDRESS}/blob/1.2.0/CHANGELOG.rst) [b]({ADDRESS}/blob/1.2.0/docs/b.rst) "
        "[c](https://example.org/c) [d](#d) [e](mailto:e@example.org)"
    )


def test_the_archive_has_a_checksum_and_an_absolute_readme(tmp_path, monkeypatch):
    properties = {key: value for key, value in release.galaxy().items() if key != "repository"}
    monkeypatch.setattr(release, "galaxy", lambda: properties)
    archive = release.build(tmp_path, ADDRESS)
    digest, name = (tmp_path / "SHA256SUMS").read_text().split()
    assert (tmp_path / name, digest) == (archive, hashlib.sha256(archive.read_bytes()).hexdigest())
    with tarfile.open(archive) as members:
        names = set(members.getnames())
        readme = members.extractfile("README.md").read().decode()
        manifest = json.load(members.extractfile("MANIFEST.json"))
    assert manifest["collection_info"]["repository"] == ADDRESS
    assert f"]({ADDRESS}/blob/{properties['version']}/CHANGELOG.rst)" in readme
    assert {"LICENSES/GPL-3.0-or-later.txt", "plugins/modules/mdev_facts.py"} <= names
    assert not [one for one in names if one.startswith((".github", ".ci", ".build", "tests/output"))]


def test_only_galaxy_yml_may_name_the_address_of_the_repository():
    repository = release.galaxy().get("repository")
    own = re.compile(re.escape(repository.partition("://")[2]) if repository else r"(?!)")
    naming = [
        name
        for name in sanity.collection_files()
        for text in [(release.ROOT / name).read_text(encoding="utf-8", errors="replace")]
        if name != "galaxy.yml" and (OF_A_FORGE.search(text) or own.search(text))
    ]
    assert naming == []
