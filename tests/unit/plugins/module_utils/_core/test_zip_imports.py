# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import zip_imports

SOURCE = Path(zip_imports.__file__).read_text(encoding="utf-8")
FILES = {
    "starting.py": SOURCE,
    "package/__init__.py": "",
    "package/inner/__init__.py": "from . import thing\n",
    "package/inner/thing.py": "import json\n",
    "namespace/": "",
    "namespace/part.py": "",
}
# Counts how often Python compiles each file of the zip file.
PROGRAM = """
import collections, gc, json, sys, zipimport
counts = collections.Counter()
compile_source = zipimport._compile_source
def counted(path, source):
    counts[path[len(sys.argv[1]) + 1:]] += 1
    return compile_source(path, source)
zipimport._compile_source = counted
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "started":
    import starting; starting.start()
import package.inner, namespace.part
try:
    import package.absent
except ImportError as error:
    absent = str(error)
modules = [package, package.inner, package.inner.thing, namespace.part]
print(json.dumps([
    counts, [[one.__name__, one.__file__, one.__package__] for one in modules], absent, gc.get_threshold()[0],
]))
"""


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "payload.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in FILES.items():
            file.writestr(name, text)
    return path


def imported(archive, how):
    command = [sys.executable, "-I", "-c", PROGRAM, str(archive), how]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_each_file_is_compiled_once_and_modules_are_those_of_the_importer_of_python(archive):
    counts, modules, absent, threshold = imported(archive, "started")
    assert [counts[name] for name in FILES if name.startswith("package/")] == [1, 1, 1]
    assert threshold == zip_imports.GARBAGE_THRESHOLD
    _counts, plain_modules, plain_absent, _threshold = imported(archive, "plain")
    assert [modules, absent] == [plain_modules, plain_absent]


def test_other_processes_are_left_alone():
    hooks, threshold = list(sys.path_hooks), gc.get_threshold()
    zip_imports.start()
    assert sys.path_hooks == hooks
    assert gc.get_threshold() == threshold
