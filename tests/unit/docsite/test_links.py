# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.docsite import links


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("b/c.html", None),
        ("b/c.html#there", None),
        ("b/", None),
        ("#here", None),
        ("b/c%2Ehtml", None),
        ("https://example.com/nothing", None),
        ("mailto:nobody@example.com", None),
        ("missing.html", "a.html: missing.html leads to no file"),
        ("b/c.html#gone", "a.html: b/c.html#gone leads to no place in its page"),
        ("#gone", "a.html: #gone leads to no place in its page"),
    ],
)
def test_links(tmp_path, link, sentence):
    (tmp_path / "b").mkdir()
    (tmp_path / "b/index.html").write_text("")
    (tmp_path / "b/c.html").write_text('<p id="there">')
    (tmp_path / "a.html").write_text(f'<h1 id="here">x</h1><a href="{link}">y</a>')
    broken, pages, _checked = links.check(tmp_path)
    assert broken == ([sentence] if sentence else [])
    assert pages == 3


def test_pictures_are_links(tmp_path):
    (tmp_path / "a.html").write_text('<img src="gone.png">')
    assert links.check(tmp_path) == (["a.html: gone.png leads to no file"], 1, 1)
