# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.vfio.devices.tests.docsite import conformance

MARKDOWN = """# Title

What [`the lab`](../lab/README.md) compares.

| Behaviour | Kernel |
|---|---|
| `create` | equal |

## More

* a list
"""
RESTRUCTURED = """
What ``the lab`` compares.


.. list-table::
   :header-rows: 1

   * - Behaviour
     - Kernel
   * - ``create``
     - equal


More
----

* a list
"""


def test_markdown_becomes_restructured_text():
    assert conformance.restructured(MARKDOWN) == RESTRUCTURED
