# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody who does what a section of a document says, on simulated hosts, and compares what comes out.

The blocks of a section are followed in their order, in a directory with an inventory of a simulated fleet:

* YAML that begins with a comment such as ``# group_vars/hypervisors.yml`` is written to this file.
* Other variables are run through the playbook site, other plays are run, and tasks are run in a play of the hypervisors.
* Commands of a shell are run as they are.
* Text is looked for in what the last command has said. With a comment such as ``# /etc/nova/...`` first, it is looked for
  in this file of a host.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from ansible_collections.vfio.devices.tests.docsite import blocks

ROOT = Path(__file__).resolve().parents[3]
FILE = re.compile(r"# (\S+\.\w+)\n")
HOST_FILE = re.compile(r"# (/\S+)\n")
RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)
PROGRAMS = ("ansible-playbook", "ansible-doc", "echo")
SITE = re.compile(r"ansible-playbook -i \S+ vfio\.devices\.site(?!.*--check)")
DEADLINE = 240
PLAY = [{"name": "Do what the document says", "hosts": "hypervisors", "gather_facts": False}]


class Reader:
    """``hosts`` are names of simulated hosts; ``url`` is that of a Placement, where there is one."""

    def __init__(self, directory: Path, hosts: list[str], url: str = "") -> None:
        self.directory = directory
        self.fleet = directory / "fleet"
        self.hosts = hosts
        self.said = ""
        self.environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(directory / "clouds.yaml")}
        self.fleet.mkdir()
        self._simulate("mount", self.fleet, *hosts)
        login = {"auth_type": "admin_token", "auth": {"endpoint": url, "token": "admin"}}
        self._write("clouds.yaml", {"clouds": {"mycloud": login}})
        group = {"hosts": dict.fromkeys(hosts)}
        common = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            # The user of a test may already do all that is needed.
            "ansible_become": False,
            "vfio_host_root": f"{self.fleet}/{{{{ inventory_hostname }}}}",
        }
        self._write("inventory", {"all": {"children": {"hypervisors": group, "compute": group}, "vars": common}})

    def close(self) -> None:
        self._simulate("unmount", self.fleet)

    def hold(self, host: str, device: str, guest: str) -> None:
        """A guest takes a device."""
        command = f"qemu-system-x86_64 -name guest={guest}"
        self._simulate("hold", self.fleet / host, device, "--command", command)

    def release(self, host: str, device: str) -> None:
        self._simulate("release", self.fleet / host, device)

    def follow(self, block: blocks.Block, last: bool, fails: bool) -> None:
        """``last`` when no command follows in the section; ``fails`` when the command tells of something wrong."""
        text = block.text.replace("/tmp/", f"{self.directory}/").replace("/var/www/html/", f"{self.directory}/")
        text = text.replace("dest: /etc/", f"dest: {self.fleet}/{self.hosts[0]}/etc/")
        if block.language == "yaml":
            self._yaml(text, last, fails)
        elif block.language == "shell":
            for line in text.replace("\\\n", "").splitlines():
                self._shell(line, fails)
        else:
            self._compare(block)

    def _yaml(self, text: str, last: bool, fails: bool) -> None:
        content = yaml.safe_load(text)
        named = FILE.match(text)
        if isinstance(content, dict):
            path = self._write(named[1] if named else "variables.yml", content)
            if last or not named:
                extra = [] if named else ["-e", f"@{path}"]
                self._twice("-i", "inventory", "vfio.devices.site", *extra)
            return
        if not any("hosts" in play or "ansible.builtin.import_playbook" in play for play in content):
            defaults = {"group/vfio.devices.host": {"host_root": "{{ vfio_host_root }}"}}
            content = [{**PLAY[0], "module_defaults": defaults, "tasks": content}]
        path = self._write(named[1] if named else "play.yml", content)
        if fails:
            self._run("ansible-playbook", "-i", "inventory", path, fails=True)
        elif last or not named:
            self._twice("-i", "inventory", path)

    def _shell(self, line: str, fails: bool) -> None:
        program = line.split()[0]
        assert program in PROGRAMS, f"nobody has said how a test runs this: {line}"
        self._run("bash", "-c", line, fails=fails)
        if SITE.match(line) and not fails:
            self._run("bash", "-c", line)
            self._see_no_change()

    def _compare(self, block: blocks.Block) -> None:
        named = HOST_FILE.match(block.text)
        said, lines = self.said, block.text.splitlines()
        if named:
            said, lines = (self.fleet / self.hosts[0] / named[1][1:]).read_text(), lines[1:]
        said = _plain(said)
        for line in lines:
            if _plain(line) not in ("", "..."):
                assert _plain(line) in said, f"nobody has said: {line}\nbut:\n{said}"

    def _twice(self, *arguments: str | Path) -> None:
        """The second run changes nothing."""
        self._run("ansible-playbook", *arguments)
        said = self.said
        self._run("ansible-playbook", *arguments)
        self._see_no_change()
        self.said = said

    def _see_no_change(self) -> None:
        assert not [host for host, changed, *_rest in RECAP.findall(self.said) if changed != "0"], self.said

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

    def _simulate(self, *arguments: str | Path) -> None:
        subprocess.run([sys.executable, "-m", "tests.simhost", *arguments], cwd=ROOT, check=True, timeout=DEADLINE)


def _plain(text: str) -> str:
    """Without the quotes, escapes and line ends that depend on how Ansible shows a text."""
    return " ".join(text.replace("\\n", " ").replace('\\"', '"').split())
