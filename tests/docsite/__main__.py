# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site in .build/docs and check all references and local links.

python -m tests.docsite

This does not use the network. External links can be checked manually with sphinx-build -M linkcheck.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

from . import conformance, links

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / ".build/docs"
COLLECTION = "vfio.devices"
THEME = "furo"
# The pages of Ansible's documentation that ours refers to. So its inventory need not be downloaded.
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
PLACES = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
# The theme lists the sections next to each page, so remove this list from pages.
CONTENTS = re.compile(r"^\.\. contents::.*\n(?: +:.*\n)*", re.MULTILINE)
CONF = f"""
intersphinx_mapping = {{"ansible": ("{ANSIBLE}", "../objects.inv")}}
html_title = "vfio.devices"
antsibull_ext_color_scheme = "default-autodark"
html_static_path = ["static"]
html_css_files = ["site.css"]
"""
# Tables and images follow the colour scheme of the browser, and ignore the switch of the theme.
STYLE = ".theme-toggle { display: none !important }\n"


def run(*command: str | Path, quiet: bool = False) -> None:
    """Run a command with another home directory, because tools read settings of the user there."""
    environment = {**os.environ, "HOME": str(ROOT / ".build/home")}
    subprocess.run(command, cwd=SITE, env=environment, check=True, stdout=subprocess.DEVNULL if quiet else None)


def inventory() -> bytes:
    """Return an inventory in the second format of Sphinx: four lines, then a compressed line per label."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n# Compressed with zlib:\n"
    lines = "".join(f"{label} std:label -1 {place} {label}\n" for label, place in PLACES.items())
    return head.encode() + zlib.compress(lines.encode())


def build() -> Path:
    """Build the site and return the directory with the HTML files."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    (ROOT / ".build/home").mkdir(exist_ok=True)
    common = ["--use-current", "--squash-hierarchy", "--fail-on-error"]
    titles = ["--project", COLLECTION, "--title", COLLECTION, "--copyright", "vfio.devices contributors"]
    init = ["antsibull-docs", "sphinx-init", *common, *titles, "--sphinx-theme", THEME]
    # The generated file describes another way to build the site.
    run(*init, "--dest-dir", SITE, COLLECTION, quiet=True)
    with (SITE / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write(CONF)
    (SITE / "objects.inv").write_bytes(inventory())
    (SITE / "static").mkdir()
    (SITE / "static/site.css").write_text(STYLE, encoding="utf-8")
    generate = ["antsibull-docs", "collection", "--cleanup", "everything"]
    run(*generate, *common, "--dest-dir", SITE / "rst", COLLECTION)
    for text in (SITE / "rst").glob("*.rst"):
        text.write_text(CONTENTS.sub("", text.read_text(encoding="utf-8")), encoding="utf-8")
    # antsibull-docs copies texts, but not images.
    shutil.copytree(ROOT / "docs/docsite/rst/images", SITE / "rst/docsite/images")
    with (SITE / "rst/docsite/guide_conformance.rst").open("a", encoding="utf-8") as page:
        page.write(conformance.restructured((ROOT / "tests/simhost/CONFORMANCE.md").read_text(encoding="utf-8")))
    run("sphinx-build", "-M", "html", "rst", "build", "-c", ".", "-n", "-W", "--keep-going", "-q")
    return SITE / "build/html"


def main() -> None:
    try:
        html = build()
    except subprocess.CalledProcessError as error:
        sys.exit(f"The site was not built, because of what {error.cmd[0]} has said above.")
    broken, pages, checked = links.check(html)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    print(f"{pages} pages and {checked} local links, of which {len(broken)} lead nowhere: {html}/index.html")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
