# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Read the files from which nova-compute adds traits and inventories to providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from .._core.patterns import lazy_pattern
from . import oslo
from .files import Files

OPTION = ("compute", "provider_config_location")
DEFAULT = "/etc/nova/provider_config"
SUFFIX = ".yaml"
# Required by the schema of nova. A file without it is of another kind, and may contain passwords.
REQUIRED = lazy_pattern(r"\bschema_version[\"']?\s*:")


class ProviderFiles(NamedTuple):
    """The directory that nova-compute reads, and its files.

    The text of an unreadable file is None, and that of a file of another kind is empty.
    """

    directory: str
    files: list[dict[str, Optional[str]]]


def observe(files: Files, order: Sequence[str], texts: Mapping[str, str]) -> ProviderFiles:
    """Return the provider files of a service that reads the settings files in ``order``.

    See nova/compute/provider_config.py.
    """
    values = [entry[2] for path in order for entry in oslo.entries(texts[path]) if entry[:2] == OPTION]
    # The default of state_path is that of nova/conf/paths.py in packages.
    options = {"state_path": "/var/lib/nova", **oslo.common(texts[path] for path in order)}
    directory = oslo.substituted(values[-1] if values else DEFAULT, options).rstrip("/")
    names = [name for name in files.names(directory) if name.endswith(SUFFIX) and name[:1] != "."]
    paths = [f"{directory}/{name}" for name in names]
    return ProviderFiles(directory, [{"file": files.shown(path), "text": _text(files.read(path))} for path in paths])


def _text(text: str | None) -> str | None:
    return text if text is None or REQUIRED.search(text) else ""
