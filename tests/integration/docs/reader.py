# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow the instructions of a section of a document on simulated hosts, and compare the results.

The blocks of a section are followed in order, in a directory with an inventory of a simulated fleet:

* YAML that begins with a comment such as ``# group_vars/hypervisors.yml`` is written to this file.
* Other variables are applied with the playbook site. Plays are run, and tasks are run in a play of the hypervisors.
* Shell commands are run unchanged.
* An inventory, which begins with the comment ``# inventory``, must have the group of the documents.
* A block that begins with a comment such as ``# /etc/nova/nova.conf`` must be in this file of the first host.
* Any other block must be in the output of the last command.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml
from ansible_collections.vfio.devices.tests.docsite import blocks
from ansible_collections.vfio.devices.tests.simhost import mounting

ROOT = Path(__file__).resolve().parents[3]
FILE = re.compile(r"# (\S+\.\w+)\n")
INVENTORY = re.compile(r"# inventory\n\[hypervisors\]\n")
HOST_FILE = re.compile(r"# (/\S+)\n")
RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)
PROGRAMS = ("ansible-playbook", "python3")
RESTORE = "/usr/local/lib/vfio-devices-restore.pyz"
SITE = re.compile(r"ansible-playbook -i \S+ vfio\.devices\.site(?!.*--check)")
DEADLINE = 240


class Reader:
    """``hosts`` are names of simulated hosts; ``url`` is that of a Placement, or None."""

    def __init__(self, directory: Path, hosts: list[str], url: str = "") -> None:
        self.directory = directory
        self.fleet = directory / "fleet"
        self.hosts = hosts
        self.said = ""
        self.root = self.fleet / hosts[0]
        self.environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(directory / "clouds.yaml")}
        self.fleet.mkdir()
        mounting.mount(self.fleet, hosts)
        login = {"auth_type": "admin_token", "auth": {"endpoint": url, "token": "admin"}}
        self._write("clouds.yaml", {"clouds": {"mycloud": login}})
        group = {"hosts": dict.fromkeys(hosts)}
        groups = {"hypervisors": group, "compute": group}
        common = {
            "ansible_connection": "local",
            "ansible_python_interpreter": os.environ.get("HOST_PYTHON", "{{ ansible_playbook_python }}"),
            # The user of the tests already has all permissions.
            "ansible_become": False,
            "vfio_host_root": f"{self.fleet}/{{{{ inventory_hostname }}}}",
        }
        self._write("inventory", {"all": {"children": groups, "vars": common}})

    def close(self) -> None:
        mounting.unmount(self.fleet)

    def add_controller(self) -> None:
        """Add a controller to the inventory: this machine, with a directory for nova's settings."""
        (self.root / "etc/nova/nova.conf.d").mkdir(parents=True)
        with (self.directory / "inventory").open("a") as inventory:
            inventory.write("controllers: {hosts: {controller: }}\n")

    def reboot(self) -> None:
        """Reboot the first host, and do not run its units."""
        mounting.request(self.fleet, command="reboot", host=self.hosts[0])

    def follow(self, block: blocks.Block, last: bool = True, fails: bool = False, twice: bool = False) -> None:
        """Follow a block. ``last``: no command follows in the section. ``fails``: its command reports an error.

        ``twice``: run plays and the playbook site again, which must change nothing.
        """
        if block.text.startswith("# inventory\n"):
            assert INVENTORY.match(block.text), block.text
            return
        if HOST_FILE.match(block.text) or block.language not in ("yaml", "shell"):
            self._compare(block.text)
            return
        text = block.text.replace("/tmp/", f"{self.directory}/").replace("/var/www/html/", f"{self.directory}/")
        text = text.replace("dest: /etc/", f"dest: {self.root}/etc/")
        if block.language == "shell":
            for line in text.replace("\\\n", "").splitlines():
                self._shell(line, fails, twice)
            return
        content = yaml.safe_load(text)
        named = FILE.match(text)
        if isinstance(content, dict):
            path = self._write(named[1] if named else "variables.yml", content)
            arguments = ["vfio.devices.site", *([] if named else ["-e", f"@{path}"])]
        else:
            path = self._write(named[1] if named else "play.yml", _plays(content))
            arguments = [path]
        if last or not named:
            self._play(*arguments, fails=fails, twice=twice)

    def _shell(self, line: str, fails: bool, twice: bool) -> None:
        program = line.split(maxsplit=1)[0]
        assert program in PROGRAMS, f"nobody has said how a test runs this: {line}"
        line = line.replace(RESTORE, f"-B {self.root}{RESTORE} --root {self.root}")
        self._run("bash", "-c", line, fails=fails)
        if twice and SITE.match(line):
            self._run("bash", "-c", line)
            self._see_no_change()

    def _play(self, *arguments: str | Path, fails: bool, twice: bool) -> None:
        command = ["ansible-playbook", "-i", "inventory", *arguments]
        self._run(*command, fails=fails)
        if twice and not fails:
            self._run(*command)
            self._see_no_change()

    def _see_no_change(self) -> None:
        assert not [host for host, changed, *_rest in RECAP.findall(self.said) if changed != "0"], self.said

    def _compare(self, text: str) -> None:
        said, named = self.said, HOST_FILE.match(text)
        if named:
            said, text = (self.root / named[1][1:]).read_text(), text[named.end() :]
        said = _plain(said)
        for line in map(_plain, text.splitlines()):
            if line not in ("", "..."):
                assert line in said, f"nobody has said: {line}\nbut:\n{said}"

    def _run(self, *command: str | Path, fails: bool = False) -> None:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        self.said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, self.said

    def _write(self, name: str, content: object) -> Path:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path


def _plays(content: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the plays, or the tasks in a play of the hypervisors."""
    if any("hosts" in one or "ansible.builtin.import_playbook" in one for one in content):
        return content
    defaults = {"group/vfio.devices.host": {"host_root": "{{ vfio_host_root }}"}}
    play = {"name": "Do what the document says", "hosts": "hypervisors", "gather_facts": False}
    return [{**play, "module_defaults": defaults, "tasks": content}]


def _plain(text: str) -> str:
    """Remove quotes, escapes and line ends that depend on Ansible's output format."""
    return " ".join(text.replace("\\n", " ").replace('\\"', '"').split())
