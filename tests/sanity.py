# SPDX-License-Identifier: GPL-3.0-or-later
"""Run "ansible-test sanity" on a copy of the collection.

ansible-test works only in a directory ansible_collections/vfio/devices that is not a link. It creates virtual
environments and stores everything below HOME, so it gets a HOME in .build. Two files there let its pip work on every
machine: a replacement for a script that ansible-test would download, and a pip.conf with the caller's settings, which
ansible-test does not pass on.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_test

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".build/sanity/ansible_collections/vfio/devices"
HOME = ROOT / ".build/home"

# The pip of the tests installs the wanted one; pip's own Python would compile both, in each of ten environments.
GET_PIP = f"""\
# Stands in for get-pip.py.
import subprocess
import sys

wanted = [arg for arg in sys.argv[1:] if arg not in ("--no-setuptools", "--no-wheel")]
command = [{sys.executable!r}, "-m", "pip", "--python", sys.executable, "install", *wanted]
subprocess.run(command, check=True)
"""


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def collection_files() -> list[str]:
    """Return all files that git has or would add."""
    listed = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def copy_collection() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for name in collection_files():
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, COPY / name, follow_symlinks=False)
    # Without its own repository, ansible-test would use the one around it, where .build is ignored.
    subprocess.run(["git", "init", "--quiet", COPY], check=True)


def pip_settings() -> dict[str, str]:
    """Return the caller's pip settings: configuration files first, then the environment."""
    config = {}
    lines = output(sys.executable, "-m", "pip", "config", "list").splitlines()
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        key, value = line.split("=", 1)
        config[key.rpartition(".")[2]] = ast.literal_eval(value)
    for name, variables in {
        "cert": ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        "proxy": ("PIP_PROXY", "https_proxy", "HTTPS_PROXY"),
    }.items():
        values = [os.environ[variable] for variable in variables if os.environ.get(variable)]
        if values:
            config.setdefault(name, values[0])
    config.setdefault("cache-dir", str(ROOT / ".build/cache/pip"))
    config["quiet"] = "2"
    return config


def prepare_home() -> None:
    cache = HOME / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    source = (Path(ansible_test.__path__[0]) / "_internal/python_requirements.py").read_text()
    for version in re.findall(r"pip='([0-9.]+)'", source):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)

    config = configparser.ConfigParser(interpolation=None)
    config["global"] = pip_settings()
    # Each environment runs a small part of what it has, which Python compiles then.
    config["install"] = {"no-compile": "true"}
    pip_conf = HOME / ".config/pip/pip.conf"
    pip_conf.parent.mkdir(parents=True, exist_ok=True)
    pip_conf.touch(mode=0o600)  # the URL of an index may contain a password
    with pip_conf.open("w") as file:
        config.write(file)


def main() -> int:
    copy_collection()
    prepare_home()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["HOME"] = str(HOME)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--local", "--color", "no", "--python", python]
    # pylint takes longer than all other tests together.
    shares = [sys.argv[1:]] if len(sys.argv) > 1 else [["--skip-test", "pylint"], ["--test", "pylint"]]
    runs = [
        subprocess.Popen(
            [*command, *share], cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for share in shares
    ]
    for run in runs:
        sys.stdout.buffer.write(run.communicate()[0])
    return max(run.returncode for run in runs)


if __name__ == "__main__":
    sys.exit(main())
