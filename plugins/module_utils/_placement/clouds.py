# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find clouds.yaml in more directories than openstacksdk, and report where it was searched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

# The action plugin sets this variable, because modules on the controller run in the directory of the playbook.
DIRECTORIES = "VFIO_DEVICES_CLOUDS_DIRECTORIES"
EXTENSIONS = (".yaml", ".yml", ".json")
SHOWN = 8


def files(options: Mapping[str, Any], loader: Any) -> dict[str, list[str]]:
    """Return ``config_files`` and ``secure_files`` for OpenStackConfig; ``loader`` is its module.

    More directories are searched only for a cloud that is named. Otherwise the SDK would use the only cloud of such a
    file together with the other options.
    """
    named = isinstance(options.get("cloud"), str) or not options.get("auth") and os.environ.get("OS_CLOUD")
    directories = list(filter(None, os.environ.get(DIRECTORIES, "").split(os.path.pathsep))) if named else []
    return {
        "config_files": [*_in(directories, "clouds"), *loader.CONFIG_FILES],
        "secure_files": [*_in(directories, "secure"), *loader.SECURE_FILES],
    }


def searched_files(config_files: Iterable[str]) -> str:
    """Return a sentence with the file that was read, or the directories without a file."""
    paths = [*filter(None, [os.environ.get("OS_CLIENT_CONFIG_FILE")]), *config_files]
    found = next(filter(os.path.exists, paths), None)
    if found:
        return f"The clouds are those of {found}"
    directories = list(dict.fromkeys(os.path.dirname(path) for path in paths))
    return f"There is no clouds.yaml in {', '.join(directories)}"


def names(config: Any) -> str:
    """Return the clouds of the file that was read as part of a sentence, or an empty text."""
    known = sorted(set(config.get_cloud_names()) - {"envvars", "defaults"})
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f", which has {', '.join(known[:SHOWN])}{more}" if known else ""


def _in(directories: Iterable[str], name: str) -> list[str]:
    return [os.path.join(directory, name + extension) for directory in directories for extension in EXTENSIONS]
