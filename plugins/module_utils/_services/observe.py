# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Check whether a service will read a settings file, and which files it reads after it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._host.root import HostRoot
from . import nova_names, oslo, started

# A section, an option in it, and the file that sets it.
Option = Mapping[str, str]

LIBRARY = re.compile(r"libvirt\.so\.0\.(\d+)\.(\d+)\Z")
POST_COPY = ("libvirt", "live_migration_permit_post_copy")
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib/s390x-linux-gnu", "usr/lib64", "usr/lib")


def observe(host: HostRoot, project: str, program: str, unit: str, path: str, content: str) -> dict[str, Any]:
    """Return how ``program`` treats a file at ``path`` with ``content``.

    ``reads`` is None if it is unknown how the service is started. ``later`` lists the options of later files, and
    ``overridden`` those of them that the file also sets.
    """
    found = started.observe(host, program, unit)
    # Without process and unit, the service may start in an unknown way, so its files are unknown.
    known = found.arguments is not None
    sources = oslo.sources(project, found.arguments or (program,))
    reads = oslo.reads(sources, path) if known else None
    reads = False if found.container else reads
    later = _later(host, sources, path) if reads else []
    problems = not_effective(later, content, program, path)
    return {
        "source": found.source,
        "pid": found.pid,
        "container": found.container,
        "kolla": found.kolla,
        "files": list(sources.files) if known else [],
        "directories": list(sources.directories) if known else [],
        "reads": reads,
        "later": later,
        "overridden": overridden(later, content),
        "unknown": _unknown(host, sources, project) if known and not found.container else [],
        "post_copy": known and not found.container and _permits_post_copy(host, sources),
        "undeployed": _undeployed(host, project, program, content) if found.kolla else [],
        "problems": [_not_read(found, sources, project, program, path)] if reads is False else problems,
        "libvirt": None if found.container else libvirt_version(host),
    }


def _not_read(found: started.Started, sources: oslo.Sources, project: str, program: str, path: str) -> str:
    if found.kolla:
        return (
            f"{path} is not read by {program}, which runs in a container of kolla-ansible. Write the file "
            f"/etc/kolla/config/{project}/<name of this host>/{project}.conf on the deployment host instead, and run "
            f"kolla-ansible reconfigure -t {project}. Set {project}_config_host and {project}_config_path."
        )
    if found.container:
        return (
            f"{path} is not read by {program}, which runs in a container with files of its own. Set "
            f"{project}_config_host and {project}_config_path to where its settings come from."
        )
    return (
        f"{path} is not read by {program}, which reads {', '.join((*sources.files, *sources.directories))}. Add "
        f"--config-dir {path.rpartition('/')[0]} to its command, or set {project}_config_path to a file that it reads."
    )


def libvirt_version(host: HostRoot) -> str | None:
    """Return the libvirt version, which is part of the library's file name: ``libvirt.so.0.11003.0`` is 11.3.0."""
    for directory in LIBRARIES:
        for name in host.names(directory):
            match = LIBRARY.match(name)
            if match:
                major, minor = divmod(int(match[1]), 1000)
                return f"{major}.{minor}.{match[2]}"
    return None


def overridden(later: Sequence[Option], content: str) -> list[Option]:
    """Return the options of ``later`` that a file with ``content`` also sets."""
    mine = set(oslo.options(content)) - oslo.SEVERAL
    return [one for one in later if (one["section"], one["option"]) in mine]


def not_effective(later: Sequence[Option], content: str, program: str, path: str) -> list[str]:
    """Return a sentence for each option of a file with ``content`` that a later file overrides."""
    return [
        f"{one['file']} sets {one['option']} of [{one['section']}] too, and {program} reads it later than {path}. "
        f"Remove the option from {one['file']}."
        for one in overridden(later, content)
    ]


def _later(host: HostRoot, sources: oslo.Sources, path: str) -> list[Option]:
    return [
        {"section": section, "option": name, "file": later}
        for later in _after(host, sources, path)
        for section, name in dict.fromkeys(oslo.options(_text(host, later)))
    ]


def _unknown(host: HostRoot, sources: oslo.Sources, project: str) -> list[str]:
    """Return unknown names in the files of nova; the names of other projects are not known."""
    if project != "nova":
        return []
    return nova_names.unknown((path, _text(host, path)) for path in _order(host, sources))


def _permits_post_copy(host: HostRoot, sources: oslo.Sources) -> bool:
    """Return whether post-copy is permitted for the service, which prevents live migration of PCI devices."""
    values = [
        value.lower()
        for path in _order(host, sources)
        for section, name, value in oslo.entries(_text(host, path))
        if (section, name) == POST_COPY
    ]
    return bool(values) and values[-1] in oslo.TRUE


def _undeployed(host: HostRoot, project: str, program: str, content: str) -> list[str]:
    """Return options of ``content``, such as ``[pci]alias``, that kolla-ansible has not deployed to the container."""
    merged = host.read(f"{started.KOLLA}/{program}/{project}.conf", optional=True) or ""
    deployed = set(oslo.entries(merged))
    lacking = [entry[:2] for entry in oslo.entries(content) if entry not in deployed]
    return [f"[{section}]{name}" for section, name in dict.fromkeys(lacking)]


def _after(host: HostRoot, sources: oslo.Sources, path: str) -> list[str]:
    """Return the files that are read after ``path``, whether it exists or not."""
    order = _order(host, sources, path)
    return order[order.index(path) + 1 :] if path in order else []


def _order(host: HostRoot, sources: oslo.Sources, path: str = "") -> list[str]:
    """Return all files in reading order, including ``path`` even if it does not exist."""
    of_directories = []
    for directory in sources.directories:
        names = {name for name in host.names(directory.lstrip("/")) if name.endswith(".conf") and name[:1] != "."}
        if path.rpartition("/")[0] == directory:
            names.add(path.rpartition("/")[2])
        of_directories += [f"{directory}/{name}" for name in sorted(names)]
    files = list(sources.files)
    return [*of_directories, *files] if sources.directories_first else [*files, *of_directories]


def _text(host: HostRoot, path: str) -> str:
    return host.read(path.lstrip("/"), optional=True) or ""
