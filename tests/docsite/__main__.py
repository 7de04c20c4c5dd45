# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site in .build/docs and see that all references and local links lead somewhere.

python -m tests.docsite

Nothing is asked of the network. External links are only checked by hand, with sphinx-build -M linkcheck.
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
# Where the documentation of Ansible has what ours refers to, so that its inventory need not be fetched.
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
PLACES = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
# The theme has a list of a page's sections beside it, and does not want another one.
CONTENTS = re.compile(r"^\.\. contents::.*\n(?: +:.*\n)*", re.MULTILINE)
CONF = f"""
intersphinx_mapping = {{"ansible": ("{ANSIBLE}", "../objects.inv")}}
html_title = "vfio.devices"
antsibull_ext_color_scheme = "default-autodark"
html_static_path = ["static"]
html_css_files = ["site.css"]
"""
# Tables and pictures are dark when the browser says so, and do not know the theme's own switch.
STYLE = ".theme-toggle { display: none !important }\n"


def run(*command: str | Path, quiet: bool = False) -> None:
    """Tools of the site look into the home directory, and nothing of the user's is wanted here."""
    environment = {**os.environ, "HOME": str(ROOT / ".build/home")}
    subprocess.run(command, cwd=SITE, env=environment, check=True, stdout=subprocess.DEVNULL if quiet else None)


def inventory() -> bytes:
    """In the second form of Sphinx: four lines, then a compressed line for each label."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n# Compressed with zlib:\n"
    lines = "".join(f"{label} std:label -1 {place} {label}\n" for label, place in PLACES.items())
    return head.encode() + zlib.compress(lines.encode())


def build() -> Path:
    """The directory with the HTML files."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    (ROOT / ".build/home").mkdir(exist_ok=True)
    common = ["--use-current", "--squash-hierarchy", "--fail-on-error"]
    titles = ["--project", COLLECTION, "--title", COLLECTION, "--copyright", "vfio.devices contributors"]
    init = ["antsibull-docs", "sphinx-init", *common, *titles, "--sphinx-theme", THEME]
    # It says how to build the site by other means.
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
    # antsibull-docs takes the texts along and no pictures.
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
