# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renew the locks: the newest allowed versions of all Python packages, with the hashes of their files.

python -m tests.lock

A lock is valid for all platforms and for all Python versions from the oldest one in its line of LOCKS.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests import compat

ROOT = Path(__file__).resolve().parents[1]
OF_TESTS = "tests/locks/{}.txt"
# REUSE-IgnoreStart
HEADER = "# SPDX-License-Identifier: GPL-3.0-or-later\n# Written by make lock.\n"
# REUSE-IgnoreEnd
# These packages have no wheel for every machine. Other source packages are refused, because pip would run their code.
BUILT_HERE = ("reuse", "simplegeneric")
# The lock contains everything that ansible-builder installs, so that it does not download anything.
OF_BUILDER = ("bindep", "dumb-init == 1.2.5", "packaging", "PyYAML")
COMMAND = [
    *("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
    *("--no-annotate", "--no-header", "--only-binary=:all:"),
    *(f"--no-binary={package}" for package in BUILT_HERE),
]


class Lock(NamedTuple):
    """The oldest Python that installs it, lines of a requirements file, and a lock to agree with."""

    python: str
    requirements: tuple[str, ...]
    like: str | None = None


LOCKS = {
    OF_TESTS.format("lock"): Lock("3.10", ("-r tests/requirements-lock.txt",)),
    OF_TESTS.format("build"): Lock("3.10", ("-r tests/requirements-build.txt",)),
    OF_TESTS.format("test"): Lock("3.10", ("-r tests/requirements.txt",)),
    OF_TESTS.format("demo"): Lock("3.10", ("-r tests/requirements-demo.txt",), like=OF_TESTS.format("test")),
    OF_TESTS.format("placement"): Lock("3.10", ("-r tests/requirements-placement.txt",)),
    OF_TESTS.format("services"): Lock("3.11", ("-r tests/requirements-services.txt",)),
    **{OF_TESTS.format(name): Lock(*wanted) for name, wanted in compat.locks().items()},
    "extensions/ee/requirements.txt": Lock(
        "3.12", ("-r meta/ee-requirements.txt", "ansible-core >= 2.16, < 2.22", "ansible-runner >= 2.4", *OF_BUILDER)
    ),
}


def main() -> None:
    uv = shutil.which(COMMAND[0])
    assert uv, "uv is missing: run make lock"
    for path, lock in LOCKS.items():
        print(path, flush=True)
        agree = ["--constraints", lock.like] if lock.like else []
        command = [uv, *COMMAND[1:], f"--python-version={lock.python}", *agree, "-"]
        wanted = "\n".join(lock.requirements)
        made = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, input=wanted)
        (ROOT / path).write_text(HEADER + made.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
