# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Where clouds.yaml is looked for: in more directories than openstacksdk knows, and said where."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

# Set by the action plugin for modules on the controller, whose own working directory is that of the playbook.
DIRECTORIES = "VFIO_DEVICES_CLOUDS_DIRECTORIES"
EXTENSIONS = (".yaml", ".yml", ".json")
SHOWN = 8


def files(options: Mapping[str, Any], loader: Any) -> dict[str, list[str]]:
    """The arguments ``config_files`` and ``secure_files`` of OpenStackConfig; ``loader`` is its module.

    Only a cloud that is named is looked for in more directories. Otherwise the SDK would take the only cloud of a file
    for the one that the other options mean.
    """
    named = isinstance(options.get("cloud"), str) or not options.get("auth") and os.environ.get("OS_CLOUD")
    directories = list(filter(None, os.environ.get(DIRECTORIES, "").split(os.path.pathsep))) if named else []
    return {
        "config_files": [*_in(directories, "clouds"), *loader.CONFIG_FILES],
        "secure_files": [*_in(directories, "secure"), *loader.SECURE_FILES],
    }


def looked(config_files: Iterable[str]) -> str:
    """A sentence that says which file was read, or where none was found."""
    paths = [*filter(None, [os.environ.get("OS_CLIENT_CONFIG_FILE")]), *config_files]
    found = next(filter(os.path.exists, paths), None)
    if found:
        return f"The clouds are those of {found}"
    directories = list(dict.fromkeys(os.path.dirname(path) for path in paths))
    return f"There is no clouds.yaml in {', '.join(directories)}"


def names(config: Any) -> str:
    """The clouds of the file that was read, as a sentence, or nothing."""
    known = sorted(set(config.get_cloud_names()) - {"envvars", "defaults"})
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f", which has {', '.join(known[:SHOWN])}{more}" if known else ""


def _in(directories: Iterable[str], name: str) -> list[str]:
    return [os.path.join(directory, name + extension) for directory in directories for extension in EXTENSIONS]
