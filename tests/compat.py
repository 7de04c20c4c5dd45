# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test the collection with other versions of Python and ansible-core, and with the importer of Galaxy.

python -m tests.compat list [--all]
python -m tests.compat run NAME
python -m tests.compat stop

Each name has its own environment below .build/compat with the packages of a lock (see tests/lock.py). All cores share
one Placement, which the first of them starts and "stop" ends.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from tests import release
from tests.integration import simulated
from tests.integration.placement import __main__ as background
from tests.integration.placement import services
from tests.lab.locking import locked
from tests.simhost import mounting

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".build/compat"
PLACEMENT = PLACE / "placement"
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
# The Python versions of each core (its setup.cfg or pyproject.toml), oldest first. meta/runtime.yml promises each.
CORES = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
# Cores to test with the oldest and the newest Python; others are tested with the newest only.
THOROUGH = ("2.16", "2.18", "2.21")
# Cores with an option to keep the types of template values. Newer ones always keep them.
WITH_JINJA_NATIVE = ("2.16", "2.17", "2.18")
LIBRARIES = ("jmespath", "openstacksdk", "PyYAML", "mfusepy")
# The Python of a managed host may be too old for every supported ansible-core.
OF_HOSTS = ("tests/unit/plugins/module_utils", "tests/unit/plugins/modules")
OF_ALL = ("tests/unit/plugins", "tests/unit/simhost")
FLEET = ("t4", "l40s")
RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


def names(every: bool) -> list[str]:
    """Return the tests that this machine can run: the oldest of each kind, or all."""
    kinds = [
        [f"python-{version}" for version in PYTHONS if find_python(version)],
        [f"sanity-{core}" for core in THOROUGH if pythons_of(core)],
        [f"core-{core}-python-{python}" for core in CORES for python in pythons_of(core)],
        ["galaxy-importer"],
    ]
    return [name for kind in kinds for name in (kind if every else kind[:1])]


def pythons_of(core: str) -> list[str]:
    """Return the Python versions of this machine with which a core is tested, oldest first."""
    found = [version for version in CORES[core] if find_python(version)]
    return sorted({*found[:1], *found[-1:]}, key=found.index) if core in THOROUGH else found[-1:]


@functools.cache
def find_python(version: str) -> str | None:
    """Return an interpreter of the system or of pyenv that can create environments."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for program in (shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))):
        test = [str(program), "-c", "import ensurepip, venv"]
        if program and not subprocess.run(test, check=False, capture_output=True).returncode:
            return str(program)
    return None


def find_old_pythons() -> list[str]:
    """Return interpreters of pyenv that are older than the modules support."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    oldest = tuple(map(int, PYTHONS[0].split(".")))
    versions = {path: tuple(map(int, re.findall(r"[0-9]+", path.name)[:2])) for path in sorted(pyenv.glob("[23].*"))}
    return [str(path / "bin/python") for path, version in versions.items() if version < oldest]


def locks() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Map each lock to its oldest Python and its requirements."""
    cores = {
        f"compat-core-{core}": (versions[0], (f"ansible-core ~= {core}.0", *LIBRARIES))
        for core, versions in CORES.items()
    }
    return {
        "compat-python": (PYTHONS[0], ("ansible-core", *LIBRARIES, "hypothesis", "pytest", "pytest-xdist")),
        **cores,
        "compat-galaxy-importer": ("3.10", ("galaxy-importer >= 0.4.30",)),
    }


def environment(name: str, python: str, lock: str) -> dict[str, str]:
    """Return the variables of the environment ``name`` with the packages of a lock; create it if it is missing."""
    place = PLACE / name
    stamp = place / "stamp"
    packages = ROOT / f"tests/locks/compat-{lock}.txt"
    wanted = hashlib.sha256(python.encode() + packages.read_bytes()).hexdigest()
    PLACE.mkdir(parents=True, exist_ok=True)
    with locked(PLACE):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([python, "-m", "venv", place], check=True)
            pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
            pinned = ["--require-hashes", "--only-binary=:all:", "-r", packages]
            subprocess.run([str(place / "bin/python"), *pip, *pinned], check=True)
            stamp.write_text(wanted)
    return {**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}"}


def with_python(version: str) -> None:
    """Run unit tests with the newest ansible-core for this Python."""
    python = find_python(version)
    if python is None:
        raise SystemExit(f"there is no Python {version} here that can make environments")
    variables = environment(f"python-{version}", python, "python")
    tests = OF_HOSTS if version == PYTHONS[0] else OF_ALL
    run(["python", "-m", "pytest", "-q", "-n", "2", *tests], variables)


def with_core(name: str) -> None:
    """Run all playbooks with the core and Python of a name such as ``2.16-python-3.10``."""
    core, version = name.split("-python-")
    variables = of_core(core, version)
    if core in WITH_JINJA_NATIVE and version == pythons_of(core)[-1]:
        variables["ANSIBLE_JINJA2_NATIVE"] = "true"
    with tempfile.TemporaryDirectory() as directory:
        mounting.mount(Path(directory, "fleet"), FLEET)
        try:
            every_playbook(Plays(Path(directory), name, variables, placement_url()))
        finally:
            mounting.unmount(Path(directory, "fleet"))


def with_sanity(core: str) -> None:
    """Run the sanity tests of an ansible-core, which do not depend on Python."""
    run(["python", "tests/sanity.py"], of_core(core, pythons_of(core)[0]))


def of_core(core: str, version: str) -> dict[str, str]:
    """Return the variables of an environment with a core and a Python; SystemExit if this Python is missing."""
    python = find_python(version)
    if python is None or version not in CORES[core]:
        raise SystemExit(f"ansible-core {core} needs Python {' or '.join(CORES[core])}, and not {version}")
    return environment(f"core-{core}-python-{version}", python, f"core-{core}")


class Plays:
    """Runs the playbooks on the simulated hosts at ``fleet``, with their own compute nodes in Placement."""

    def __init__(self, directory: Path, name: str, variables: dict[str, str], url: str) -> None:
        self.directory = directory
        self.variables = variables
        cloud = services.Cloud(url)
        for host in FLEET:
            cloud.make(f"{host}.{name}.{os.getpid()}", traits=["COMPUTE_NODE", "OWNER_NOVA"])
        declared = yaml.safe_load((ROOT / "tests/demo/inventory.yml").read_text(encoding="utf-8"))["all"]["vars"]
        declared["placement_auth"]["endpoint"] = url
        declared["placement_root"] = f"{{{{ inventory_hostname }}}}.{name}.{os.getpid()}"
        # The first host has the oldest Python of managed hosts, the others have the newest.
        oldest, newest = managed_pythons()
        hosts = {host: {"ansible_python_interpreter": oldest if host == FLEET[0] else newest} for host in FLEET}
        own = {key: declared[key] for key in declared if not key.startswith("ansible_") and key != "vfio_host_root"}
        (directory / "hosts.json").write_text(simulated.inventory(directory / "fleet", hosts, **own))

    def __call__(self, name: str, *options: str, changed: bool | None = None) -> str:
        """Run a playbook; it must succeed, and ``changed`` says whether it must change something."""
        command = ["ansible-playbook", "-i", str(self.directory / "hosts.json"), *options, f"vfio.devices.{name}"]
        text = run(command, self.variables)
        changes = {host: int(number) for host, number in RECAP.findall(text)}
        if sorted(changes) != sorted(FLEET):
            raise SystemExit(f"{name} failed on some of the hosts: {changes}")
        if changed is not None and any(changes.values()) != changed:
            raise SystemExit(f"{name} should have changed {'something' if changed else 'nothing'}: {changes}")
        return text


def every_playbook(play: Plays) -> None:
    """Run all playbooks with options that use templates in their variables."""
    page = play.directory / "report.html"
    another = ("-e", "desktop_type='GRID T4-4Q'")
    saved = play.directory / "facts"
    saved.mkdir()
    play("discover", "-e", f"vfio_discover_directory={saved}", changed=True)
    facts = {path.stem: path.read_text(encoding="utf-8") for path in saved.glob("*.json")}
    if sorted(facts) != sorted(FLEET) or not all(text.endswith("\n}\n") for text in facts.values()):
        raise SystemExit("discover has not saved the facts of all hosts, in lines")
    play("site", changed=True)
    play("site", changed=False)
    play("verify", changed=False)
    play("drain", "-e", "vfio_wait=0", changed=True)
    play("reprofile", *another, changed=True)
    play("report", *another, "-e", f"report_path={page}", "-e", "report_placement=true")
    if "Placement was not read" in page.read_text(encoding="utf-8"):
        raise SystemExit("report has not read Placement")


def managed_pythons() -> tuple[str, str]:
    """Return the interpreters of the oldest and the newest Python of this machine."""
    found = list(filter(None, map(find_python, PYTHONS)))
    return found[0], found[-1]


def placement_url() -> str:
    """Return the URL of the Placement that all cores share; start it if necessary."""
    if not (PLACEMENT / "placement.pid").exists():
        subprocess.run([ROOT / "tests/setup", "placement"], check=True)
        background.start(PLACEMENT, [])
    return (PLACEMENT / "url").read_text()


def as_galaxy_does() -> None:
    """Build the release and check it with galaxy-importer."""
    variables = environment("galaxy-importer", sys.executable, "galaxy-importer")
    # It must find its own packages, and nothing of this checkout.
    for variable in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG"):
        variables.pop(variable, None)
    with tempfile.TemporaryDirectory() as directory:
        # It requires the address of a repository, which galaxy.yml names only for a release.
        archive = release.build(Path(directory), "https://example.org/vfio.devices")
        # It writes its result to the working directory.
        text = run(["python", "-m", "galaxy_importer.main", str(archive)], variables, directory)
    if "Importer processing completed successfully" not in text:
        raise SystemExit("galaxy-importer does not take it")


def run(command: list[str], variables: dict[str, str], directory: str | Path = ROOT) -> str:
    """Print the output of a program immediately and return it; SystemExit if the program fails."""
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
    commands.add_parser("stop")
    options = parser.parse_args()
    if options.command == "stop":
        background.stop(PLACEMENT)
        return
    if options.command == "list":
        print(*names(options.every), sep="\n")
        return
    kinds: dict[str, Callable[[str], None]] = {
        "python": with_python,
        "core": with_core,
        "sanity": with_sanity,
    }
    kind, separator, version = options.name.partition("-")
    if kind in kinds and separator:
        kinds[kind](version)
    else:
        as_galaxy_does()


if __name__ == "__main__":
    main()
