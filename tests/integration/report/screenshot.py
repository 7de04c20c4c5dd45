# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the image of the report in the documentation from the page of "make demo".

python -m tests.integration.report.screenshot

The image is the top of the page, with the host open that has devices of all kinds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import browser

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / ".build/demo/report.html"
PICTURE = ROOT / "docs/docsite/rst/images/report.png"
OPEN = "Array.from(document.querySelectorAll('.host')).find((one) => /mixed/.test(one.textContent)).open = true"
HEIGHT = 1700  # enough for the first cards
LARGEST = 200_000  # in bytes


def main() -> None:
    program = browser.find()
    if not program:
        sys.exit("Chromium is missing: install the package chromium")
    if not PAGE.exists():
        sys.exit(f"There is no {PAGE}: run make demo")
    with browser.running(program) as pipe:
        page = browser.Page(pipe, width=1100, height=HEIGHT)
        page.open(PAGE.as_uri())
        page.run(OPEN)
        picture = page.png()
    if len(picture) > LARGEST:
        sys.exit(f"The picture has {len(picture)} bytes, and the documentation takes {LARGEST}")
    PICTURE.write_bytes(picture)
    print(f"{PICTURE}: {len(picture)} bytes")


if __name__ == "__main__":
    main()
