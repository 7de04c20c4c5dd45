# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the requirements of a release and build its archive.

python -m tests.release check TAG [ADDRESS]
python -m tests.release build DIRECTORY

``check`` fails with all reasons against a release of this checkout. ADDRESS is the real URL of the repository.
``build`` writes the archive and the file SHA256SUMS to the directory, and prints the path of the archive.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests import sanity

ROOT = Path(__file__).resolve().parent.parent
FRAGMENTS = "changelogs/fragments/"
# Keys of galaxy.yml whose values are below the URL of the repository.
LINKS = ("documentation", "homepage", "issues")
# Galaxy shows the README without the files that it links to.
RELATIVE = re.compile(r"(\]\()(?![a-z]+:|#)(?:\./)?([^)\s]+)")


def galaxy() -> dict[str, Any]:
    """Return the content of galaxy.yml."""
    return dict(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8")))


def problems(
    tag: str, address: str | None, galaxy: Mapping[str, Any], released: Iterable[str], files: Iterable[str]
) -> list[str]:
    """Return a sentence for each reason against the release of a tag.

    ``galaxy`` is galaxy.yml, ``released`` are the versions in the changelog, ``files`` those of the checkout.
    """
    found = []
    version, repository = galaxy["version"], galaxy.get("repository")
    if tag != version:
        found.append(f"The tag {tag} is not the version {version} of galaxy.yml.")
    if version not in released:
        found.append(f"The changelog has no release {version}. Run antsibull-changelog release.")
    waiting = sorted(name.removeprefix(FRAGMENTS) for name in files if re.search(rf"^{FRAGMENTS}[^.]", name))
    if waiting:
        found.append(f"Fragments are not released: {', '.join(waiting)}. Run antsibull-changelog release.")
    if not repository:
        found.append(f"galaxy.yml names no repository. Add to it: repository: {address or 'https://...'}")
    elif address and repository != address:
        found.append(f"galaxy.yml names the repository {repository}, and this is {address}. Correct galaxy.yml.")
    found += [
        f"galaxy.yml names {galaxy[key]} as {key}, which is outside of the repository {repository}."
        for key in LINKS
        if galaxy.get(key) and not f"{galaxy[key]}/".startswith(f"{repository}/")
    ]
    return found


def absolute(text: str, repository: str, version: str) -> str:
    """Return a Markdown text whose links to files point to a version in the repository."""
    return RELATIVE.sub(rf"\g<1>{repository}/blob/{version}/\g<2>", text)


def build(directory: Path, address: str | None = None) -> Path:
    """Build the archive of all files of git in a copy; write its checksum and return its path.

    ``address`` is the URL of the repository if galaxy.yml names none.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for name in sanity.collection_files():
            (Path(place) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, Path(place) / name, follow_symlinks=False)
        properties = galaxy()
        if address and not properties.get("repository"):
            properties["repository"] = address
            (Path(place) / "galaxy.yml").write_text(yaml.safe_dump(properties), encoding="utf-8")
        if properties.get("repository"):
            readme = Path(place) / "README.md"
            text = absolute(readme.read_text(encoding="utf-8"), properties["repository"], properties["version"])
            readme.write_text(text, encoding="utf-8")
        command = ["ansible-galaxy", "collection", "build", "--force", "--output-path", str(directory), place]
        subprocess.run(command, check=True, stdout=sys.stderr)
    archive = directory / "{namespace}-{name}-{version}.tar.gz".format(**properties)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (directory / "SHA256SUMS").write_text(f"{digest}  {archive.name}\n", encoding="utf-8")
    return archive


def main() -> None:
    parser = argparse.ArgumentParser(prog="release", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check")
    check.add_argument("tag")
    check.add_argument("address", nargs="?")
    commands.add_parser("build").add_argument("directory", type=Path)
    options = parser.parse_args()
    if options.command == "build":
        print(build(options.directory.absolute()))
        return
    changelog = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    found = problems(options.tag, options.address, galaxy(), changelog["releases"], sanity.collection_files())
    if found:
        raise SystemExit("\n".join(found))
    print(f"{options.tag} can be released.")


if __name__ == "__main__":
    main()
