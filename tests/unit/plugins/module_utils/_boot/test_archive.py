# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import ansible_collections.vfio.devices.plugins.module_utils._boot.archive as boot_program


def test_program_has_what_it_needs_and_no_more():
    sources = boot_program.sources()
    assert {"_boot.main", "_boot.restore", "_modes.job", "_instances.job", "_host.files"} <= set(sources)
    assert not [name for name in sources if name.startswith(("_placement", "_boot.archive", "_boot.files"))]
    assert not [name for name, text in sources.items() if "import ansible" in text or "from ansible" in text]


def test_program_starts_without_anything_else(tmp_path):
    program = tmp_path / "restore.pyz"
    program.write_bytes(boot_program.build())
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-B", program, "--help"], capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith("usage: vfio-devices-restore")


def test_bytes_are_the_same_out_of_the_zip_file_of_a_module(tmp_path):
    """Ansible copies the engine to a host in a zip file."""
    package = "ansible_collections/vfio/devices/plugins/module_utils"
    payload = tmp_path / "payload.zip"
    with zipfile.ZipFile(payload, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = package.split("/")
        for depth in range(len(parts)):
            archive.writestr("/".join([*parts[: depth + 1], "__init__.py"]), "")
        for folder in Path(boot_program.__file__).parents[1].iterdir():
            archive.writestr(f"{package}/{folder.name}/__init__.py", "")
            for path in folder.glob("*.py"):
                archive.writestr(f"{package}/{folder.name}/{path.name}", path.read_text(encoding="utf-8"))
    code = (
        f"import sys, hashlib; sys.path.insert(0, {str(payload)!r})\n"
        f"from {package.replace('/', '.')}._boot import archive\n"
        "print(hashlib.sha256(archive.build()).hexdigest())"
    )
    ended = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == hashlib.sha256(boot_program.build()).hexdigest()


def test_zip_file_tells_nothing_of_the_moment_or_the_machine():
    with zipfile.ZipFile(io.BytesIO(boot_program.build())) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {(info.date_time, info.create_system, info.compress_type) for info in infos} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0)
    }
