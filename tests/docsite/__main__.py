# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site in .build/docs and see that all references and local links lead somewhere.

python -m tests.docsite

Nothing is asked of the network. External links are only checked by hand, with sphinx-build -M linkcheck.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import links

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / ".build/docs"
COLLECTION = "vfio.devices"
THEME = "furo"
# References to other collections would need their inventories from the network.
CONF = """
intersphinx_mapping = {}
nitpick_ignore_regex = [(".*", r"ansible_collections\\.(ansible\\.builtin|openstack\\.cloud)\\..*")]
html_title = "vfio.devices"
suppress_warnings = ["config.cache"]
"""


def run(*command: str | Path) -> None:
    """Tools of the site look into the home directory, and nothing of the user's is wanted here."""
    environment = {**os.environ, "HOME": str(ROOT / ".build/home")}
    subprocess.run(command, cwd=SITE, env=environment, check=True)


def build() -> Path:
    """The directory with the HTML files."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    (ROOT / ".build/home").mkdir(exist_ok=True)
    common = ["--use-current", "--squash-hierarchy", "--fail-on-error"]
    titles = ["--project", COLLECTION, "--title", COLLECTION, "--copyright", "vfio.devices contributors"]
    run("antsibull-docs", "sphinx-init", *common, *titles, "--sphinx-theme", THEME, "--dest-dir", SITE, COLLECTION)
    with (SITE / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write(CONF)
    generate = ["antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", "--cleanup", "everything"]
    run(*generate, *common, "--dest-dir", SITE / "rst", COLLECTION)
    # antsibull-docs takes the texts along and no pictures.
    shutil.copytree(ROOT / "docs/docsite/rst/images", SITE / "rst/docsite/images")
    run("sphinx-build", "-M", "html", "rst", "build", "-c", ".", "-n", "-W", "--keep-going", "-q")
    return SITE / "build/html"


def main() -> None:
    html = build()
    broken, pages, checked = links.check(html)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    print(f"{pages} pages and {checked} local links, of which {len(broken)} lead nowhere: {html}/index.html")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
