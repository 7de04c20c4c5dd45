# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add and renew recordings.

python -m ansible_collections.vfio.devices.tests.recordings convert umockdev FILE HOST
python -m ansible_collections.vfio.devices.tests.recordings convert lspci FILE HOST
python -m ansible_collections.vfio.devices.tests.recordings convert folder DIRECTORY HOST
python -m ansible_collections.vfio.devices.tests.recordings convert facts tests/recordings/hosts/HOST/source.yml HOST
python -m ansible_collections.vfio.devices.tests.recordings convert ttar FILE HOST
python -m ansible_collections.vfio.devices.tests.recordings unpack HOST DIRECTORY
python -m ansible_collections.vfio.devices.tests.recordings renew
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml
from ansible_collections.vfio.devices.plugins.module_utils._capture.capture import capture

from ..simhost import plain
from . import HOSTS, sources
from .replay import RecordedHost, RecordedTools, load

KINDS = {
    "umockdev": lambda path: sources.umockdev(path.read_text(encoding="utf-8")),
    "lspci": lambda path: sources.lspci(path.read_text(encoding="utf-8", errors="replace")),
    "lshw": lambda path: sources.lshw(path.read_text(encoding="utf-8")),
    "folder": sources.folder,
    "facts": lambda path: sources.facts(yaml.safe_load(path.read_text(encoding="utf-8"))),
    "ttar": lambda path: sources.ttar(path.read_text(encoding="utf-8"), "fixtures"),
}


def main(arguments: list[str]) -> int:
    """Run a command and return the exit status."""
    parser = argparse.ArgumentParser(prog="recordings", description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(dest="action", required=True)
    convert = actions.add_parser("convert", help="make a recording of what another program has recorded")
    convert.add_argument("kind", choices=list(KINDS))
    convert.add_argument("path", type=Path)
    convert.add_argument("host")
    unpack = actions.add_parser("unpack", help="write a recording as ordinary files, for host_root")
    unpack.add_argument("host")
    unpack.add_argument("directory", type=Path)
    actions.add_parser("renew", help="write anew what the collection says of each host")
    options = parser.parse_args(arguments)
    if options.action == "convert":
        host = RecordedHost(KINDS[options.kind](options.path))
        text, warnings = capture("/recorded", 30.0, host.accessor(), RecordedTools(host))
        (HOSTS / options.host).mkdir(exist_ok=True)
        (HOSTS / options.host / "recording.txt").write_text(text, encoding="utf-8")
        sys.stderr.writelines(f"{warning}\n" for warning in warnings)
    elif options.action == "unpack":
        plain.write(load(HOSTS / options.host), options.directory)
    else:
        from .renew import renew

        renew()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
