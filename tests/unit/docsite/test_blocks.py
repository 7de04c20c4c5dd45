# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.vfio.devices.tests.docsite import blocks

MARKDOWN = """# Title

## First

Text with `code`.

```yaml
# not a heading
a: 1
```

```shell
ls
```
"""
RESTRUCTURED = """Title
=====

First
-----

.. code-block:: yaml

   # not a heading
   a: 1

* In a list:

  .. code-block:: shell
     :caption: an option

     ls

Text.
"""


@pytest.mark.parametrize(("name", "text"), [("a.md", MARKDOWN), ("a.rst", RESTRUCTURED)])
def test_blocks_and_their_sections(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert blocks.of(tmp_path / name) == [
        blocks.Block("First", "yaml", "# not a heading\na: 1\n"),
        blocks.Block("First", "shell", "ls\n"),
    ]


@pytest.mark.parametrize("text", ["So::\n\n  ls\n", "Title\n=====\n\n::\n\n  ls\n"])
def test_a_block_without_a_language_is_refused(tmp_path, text):
    (tmp_path / "a.rst").write_text(text)
    with pytest.raises(ValueError, match="begins a block without a language"):
        blocks.of(tmp_path / "a.rst")


def test_a_block_that_does_not_end(tmp_path):
    (tmp_path / "a.md").write_text("```yaml\na: 1\n")
    with pytest.raises(ValueError, match="does not end"):
        blocks.of(tmp_path / "a.md")
