# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection with other versions of Python and ansible-core, and as Galaxy imports it.

python -m tests.compat list [--all]
python -m tests.compat run NAME

Each name has an environment of its own below .build/compat, with the packages of a lock (see tests/lock.py).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.simhost import mounting

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".build/compat"
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
# What a core can run on (its setup.cfg or pyproject.toml).
CORES = {"2.16": ("3.12", "3.11", "3.10"), "2.18": ("3.13", "3.12", "3.11")}
LIBRARIES = ("jmespath", "openstacksdk", "PyYAML", "mfusepy")
# A managed host may have a Python that is too old for any supported ansible-core on the controller.
OF_HOSTS = ("tests/unit/plugins/module_utils", "tests/unit/plugins/modules")
OF_ALL = ("tests/unit/plugins", "tests/unit/simhost")
FLEET = ("t4", "l40s", "nics", "mixed")
GUEST = "7f1d6f2e-6a3c-4f6b-9a57-0d6f3a1c2b01"
RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


def names(every: bool) -> list[str]:
    """What can be tested on this machine; the oldest of each kind, or all."""
    pythons = [version for version in PYTHONS if find_python(version)]
    cores = [core for core, versions in CORES.items() if any(find_python(version) for version in versions)]
    if not every:
        pythons, cores = pythons[:1], cores[:1]
    return [*(f"python-{one}" for one in pythons), *(f"core-{one}" for one in cores), "galaxy-importer"]


def find_python(version: str) -> str | None:
    """The interpreter of a version that can make environments, of the system or of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for program in (shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))):
        test = [str(program), "-c", "import ensurepip, venv"]
        if program and not subprocess.run(test, check=False, capture_output=True).returncode:
            return str(program)
    return None


def locks() -> dict[str, tuple[str, tuple[str, ...]]]:
    """By name of a lock the oldest Python that installs it, and what is wanted."""
    cores = {
        f"compat-core-{core}": (oldest(versions), (f"ansible-core ~= {core}.0", *LIBRARIES))
        for core, versions in CORES.items()
    }
    return {
        "compat-python": (PYTHONS[0], ("ansible-core", *LIBRARIES, "hypothesis", "pytest", "pytest-xdist")),
        **cores,
        "compat-galaxy-importer": ("3.10", ("galaxy-importer >= 0.4.30",)),
    }


def oldest(versions: Sequence[str]) -> str:
    """The oldest of some versions of Python."""
    return min(versions, key=PYTHONS.index)


def environment(name: str, python: str, lock: str) -> dict[str, str]:
    """The variables of the environment ``name`` with what a lock holds, which is made if it is not there."""
    place = PLACE / name
    stamp = place / "stamp"
    packages = ROOT / f"tests/locks/compat-{lock}.txt"
    wanted = hashlib.sha256(python.encode() + packages.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", place], check=True)
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        locked = ["--require-hashes", "--only-binary=:all:", "-r", packages]
        subprocess.run([str(place / "bin/python"), *pip, *locked], check=True)
        stamp.write_text(wanted)
    return {**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}"}


def with_python(version: str) -> None:
    """Unit tests with the newest ansible-core for this Python."""
    python = find_python(version)
    if python is None:
        raise SystemExit(f"there is no Python {version} here that can make environments")
    variables = environment(f"python-{version}", python, "python")
    tests = OF_HOSTS if version == PYTHONS[0] else OF_ALL
    run(["python", "-m", "pytest", "-q", "-n", "2", *tests], variables)


def with_core(core: str) -> None:
    """Sanity tests and playbooks with this ansible-core."""
    python = next(filter(None, map(find_python, CORES[core])), None)
    if python is None:
        raise SystemExit(f"ansible-core {core} needs Python {' or '.join(CORES[core])}")
    variables = environment(f"core-{core}", python, f"core-{core}")
    run(["python", "tests/sanity.py"], variables)
    with tempfile.TemporaryDirectory() as demo:
        fleet = Path(demo, "fleet")
        mounting.mount(fleet, FLEET)
        try:
            play(demo, variables, "discover")
            play(demo, variables, "site")
            play(demo, variables, "site", unchanged=True)
            play(demo, variables, "verify", unchanged=True)
            # A guest of the host mixed has one of the cards until then.
            mounting.request(fleet, command="release", host="mixed", device=GUEST)
            play(demo, variables, "reprofile", "-e", '{"desktop_type": "GRID T4-4Q"}')
            play(demo, variables, "reprofile", "-e", '{"desktop_type": "GRID T4-4Q"}', unchanged=True)
        finally:
            mounting.unmount(fleet)


def play(demo: str, variables: dict[str, str], name: str, *options: str, unchanged: bool = False) -> None:
    """One of the collection's playbooks on simulated hosts, which must not fail."""
    command = ["ansible-playbook", "-i", "tests/demo/inventory.yml", "--limit", ",".join(FLEET)]
    settings = ["-e", f"demo={demo}", "-e", "placement_publish=false"]
    text = run([*command, *settings, *options, f"vfio.devices.{name}"], variables)
    changes = {host: int(changed) for host, changed in RECAP.findall(text)}
    if sorted(changes) != sorted(FLEET) or (unchanged and any(changes.values())):
        raise SystemExit(f"{name} failed, or changed what it should have left alone: {changes}")


def as_galaxy_does() -> None:
    """Build the release, and let galaxy-importer look at it."""
    variables = environment("galaxy-importer", sys.executable, "galaxy-importer")
    # It shall find its own packages and nothing of this checkout.
    for variable in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG"):
        variables.pop(variable, None)
    with tempfile.TemporaryDirectory() as directory:
        run(["ansible-galaxy", "collection", "build", "--output-path", directory, str(ROOT)], variables)
        (release,) = Path(directory).glob("*.tar.gz")
        # It leaves its result where it is started.
        text = run(["python", "-m", "galaxy_importer.main", str(release)], variables, directory)
    if "Importer processing completed successfully" not in text:
        raise SystemExit("galaxy-importer does not take it")


def run(command: list[str], variables: dict[str, str], directory: str | Path = ROOT) -> str:
    """What a program printed, shown at once; SystemExit if it fails."""
    print("+", *command, flush=True)
    program = shutil.which(command[0], path=variables["PATH"]) or command[0]
    text = ""
    with subprocess.Popen(
        [program, *command[1:]],
        cwd=directory,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            text += line
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list").add_argument("--all", action="store_true", dest="every")
    commands.add_parser("run").add_argument("name", choices=names(every=True))
    options = parser.parse_args()
    if options.command == "list":
        print(*names(options.every), sep="\n")
        return
    kinds: dict[str, Callable[[str], None]] = {"python": with_python, "core": with_core}
    kind, separator, version = options.name.partition("-")
    if kind in kinds and separator:
        kinds[kind](version)
    else:
        as_galaxy_does()


if __name__ == "__main__":
    main()
