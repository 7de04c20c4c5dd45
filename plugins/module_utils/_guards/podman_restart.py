# Copyright (c) 2026, vfio.devices contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Find devices of stopped Podman containers that a unit starts again at boot; only its database names them."""

from __future__ import annotations

from collections.abc import Iterator

from .._host.database import read_rows
from .._host.root import HostRoot
from . import container_engines, podman
from .container_engines import ALWAYS, UNLESS_STOPPED, as_mapping
from .referenced_devices import Guest

# Podman uses this database since 4.8. Without the unit, it starts no container at boot.
DATABASES = ("db.sql", "libpod/db.sql")
UNITS, UNIT = "etc/systemd/system", "podman-restart.service"
# Podman writes the settings as bytes.
QUERY = "SELECT ID, Name, CAST(JSON AS TEXT) FROM ContainerConfig"
POLICIES = (ALWAYS, UNLESS_STOPPED)


def containers(host: HostRoot) -> Iterator[Guest]:
    """Yield each container with such a restart policy."""
    wanted = [name for name in host.names(UNITS) if name.endswith(".wants")]
    if any(UNIT in host.names(f"{UNITS}/{name}") for name in wanted):
        store = container_engines.store(host, *container_engines.PODMAN_STORE)
        for name in DATABASES:
            if host.exists(f"{store}/{name}"):
                yield from _in_database(host, f"{store}/{name}")


def _in_database(host: HostRoot, path: str) -> Iterator[Guest]:
    try:
        rows = read_rows(host, path, QUERY)
    except (TimeoutError, RuntimeError) as error:
        reason = str(error) or "no answer"
        unknown = f"the stopped containers of Podman are unknown: /{path} is unreadable ({reason}). Run podman ps"
        yield Guest("podman", path, False, (), unknown=unknown)
        return
    for number, name, text in rows:
        settings = as_mapping(text)
        if not settings:
            unknown = f"the settings of the Podman container {name} are unknown: /{path} has no JSON for it"
            yield Guest(name or number, path, False, (), unknown=f"{unknown}. Run podman inspect {name}")
        if settings.get("restart_policy") in POLICIES:
            references = tuple(podman.in_specification(as_mapping(settings.get("spec"))))
            advice = f"keep Podman from starting it with podman update --restart=no {name}"
            yield Guest(name or number, path, False, references, advice)
