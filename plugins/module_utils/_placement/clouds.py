# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find clouds.yaml in more directories than openstacksdk, and report where it was searched."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._core.wording import shorten

# The action plugin sets this variable, because modules on the controller run in the directory of the playbook.
DIRECTORIES = "VFIO_DEVICES_CLOUDS_DIRECTORIES"
EXTENSIONS = (".yaml", ".yml", ".json")
SHOWN = 8


def files(options: Mapping[str, Any], loader: Any) -> dict[str, list[str]]:
    """Return ``config_files`` and ``secure_files`` for OpenStackConfig; ``loader`` is its module.

    More directories are searched only for a cloud that is named. Otherwise the SDK would use the only cloud of such a
    file together with the other options.
    """
    directories = _directories() if _is_named(options) else []
    return {
        "config_files": [*_in(directories, "clouds"), *loader.CONFIG_FILES],
        "secure_files": [*_in(directories, "secure"), *loader.SECURE_FILES],
    }


def describe(config_files: Iterable[str]) -> str:
    """Return a sentence with the file that was read and its clouds, or with the directories without a file."""
    paths = [*filter(None, [os.environ.get("OS_CLIENT_CONFIG_FILE")]), *config_files]
    found: list[str] = []
    for path in filter(os.path.exists, paths):
        names, problem = _read(path)
        found.append(f"{path} {problem or _with(names)}")
        if not problem:
            break
    if found:
        # openstacksdk ignores a file with an error, and reads the next one.
        return ". ".join(found)
    directories = list(dict.fromkeys(os.path.dirname(path) for path in paths))
    return f"There is no clouds.yaml in {', '.join(directories)}"


def unnamed(options: Mapping[str, Any]) -> str:
    """Return a sentence about a file that is not read because no cloud is named, or an empty text."""
    if _is_named(options) or options.get("auth") or options.get("cloud") or os.environ.get("OS_AUTH_URL"):
        return ""
    path = next(filter(os.path.exists, _in(_directories(), "clouds")), None)
    names = _read(path)[0] if path else []
    return f"{path} is read only for a named cloud. Set placement_cloud: {names[0]}" if names else ""


def _is_named(options: Mapping[str, Any]) -> bool:
    return isinstance(options.get("cloud"), str) or not options.get("auth") and bool(os.environ.get("OS_CLOUD"))


def _directories() -> list[str]:
    return list(filter(None, os.environ.get(DIRECTORIES, "").split(os.path.pathsep)))


def _in(directories: Iterable[str], name: str) -> list[str]:
    return [os.path.join(directory, name + extension) for directory in directories for extension in EXTENSIONS]


def _with(names: list[str]) -> str:
    return f"has the cloud{'s' if len(names) > 1 else ''} {shorten(names, SHOWN)}" if names else "has no clouds"


def _read(path: str) -> tuple[list[str], str]:
    """Return the clouds of a file, and why it cannot be read, as the end of a sentence."""
    import yaml  # openstacksdk requires it

    try:
        if not os.path.isfile(path):
            return [], "is not a regular file"
        text = Path(path).read_bytes()
        content = json.loads(text) if path.endswith("json") else yaml.safe_load(text)
    except OSError as error:
        return [], f"is not readable ({error.strerror})"
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", None)
        return [], f"is not valid {'JSON' if path.endswith('json') else 'YAML'}{f' (line {line})' if line else ''}"
    known = content.get("clouds") if isinstance(content, dict) else None
    return sorted(map(str, known)) if isinstance(known, dict) else [], ""
