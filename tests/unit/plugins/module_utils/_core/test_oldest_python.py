# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.vfio.devices.plugins.module_utils._core import oldest_python
from ansible_collections.vfio.devices.tests.compat import find_old_pythons

ROOT = Path(oldest_python.__file__).resolve().parents[3]
MODULES = sorted(ROOT.glob("plugins/modules/*.py"))
# Syntax that Python 2.7 cannot compile and that the rest of this collection uses.
NEWER = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr)


def test_a_python_that_is_new_enough_is_not_refused():
    assert oldest_python.refusal((3, 9, 0), "/usr/bin/python3") is None
    assert oldest_python.refusal((4, 0, 0), "/usr/bin/python4") is None


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 8), (3, 8, 18)])
def test_an_older_python_is_refused_with_the_variable_to_set(version):
    sentence = oldest_python.refusal(version, "/usr/libexec/platform-python")
    assert sentence.startswith(f"Python {version[0]}.{version[1]} (/usr/libexec/platform-python) is too old.")
    assert "`ansible_python_interpreter: /usr/bin/python3.9`" in sentence


@pytest.mark.parametrize("path", [*MODULES, Path(oldest_python.__file__)], ids=lambda path: path.stem)
def test_an_old_python_compiles_modules_up_to_the_sentence(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(module))
    assert not [node.lineno for node in nodes if isinstance(node, NEWER)]
    assert not [node.lineno for node in nodes if isinstance(node, ast.Dict) and None in node.keys]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    assert not [node.name for node in functions if node.returns or any(arg.annotation for arg in node.args.args)]
    imports = [node for node in module.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not [node for node in imports if getattr(node, "module", None) == "__future__"]
    # A module that exists only for its action plugin has no code for a host.
    if path in MODULES and imports:
        assert [alias.name for alias in imports[0].names] == ["oldest_python"]


@pytest.mark.parametrize("python", find_old_pythons())
def test_a_real_old_python_says_the_sentence(python):
    done = subprocess.run([python, oldest_python.__file__], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert json.loads(done.stdout)["msg"].startswith("Python ")
    for path in MODULES:
        script = f"compile(open({str(path)!r}, 'rb').read(), 'module', 'exec')"
        subprocess.run([python, "-c", script], check=True, timeout=60, env={})
