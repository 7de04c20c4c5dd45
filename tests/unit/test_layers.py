# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the packages: allowed imports, and who may open files, start programs or use HTTP."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"

# Maps each package to the other packages that it may import.
ON_HOSTS = ["_core", "_model", "_host", "_devices", "_frameworks", "_guards", "_run"]
MAY_IMPORT = {
    **{package: set(ON_HOSTS[:floor]) for floor, package in enumerate(ON_HOSTS)},
    "_modes": set(ON_HOSTS),
    "_instances": set(ON_HOSTS),
    "_mig": set(ON_HOSTS),
    "_boot": {*ON_HOSTS, "_modes", "_mig", "_instances"},
    "_capture": {*ON_HOSTS, "_modes", "_instances"},
    "_placement": {"_core"},
    "_services": {"_core", "_host"},
    "_site": {*ON_HOSTS, "_modes", "_mig", "_instances", "_boot", "_services"},
}

# The same on the controller, which may also import the engine, but never the reverse.
CONTROLLER = ENGINE.parent / "plugin_utils"
ON_CONTROLLER = ["_plan", "_clouds", "_profiles", "_report", "_site", "_actions"]

# The number of untyped dictionaries for state. A change may lower a number, never raise one.
LOOSE_DICTIONARIES = {
    "_host": 2,
    "_guards": 3,
    "_run": 1,
    "_modes": 4,
    "_instances": 2,
    "_boot": 2,
    "_capture": 1,
    "_placement": 6,
    "_services": 1,
}

# The same on the controller, where most of them are results and variables of Ansible.
LOOSE_ON_CONTROLLER = {"_actions": 10}

# Plans, and the code that they call: functions of plain data.
PURE = [
    "_instances/choice.py",
    "_instances/kept_devices.py",
    "_instances/matching.py",
    "_instances/plan.py",
    "_instances/result.py",
    "_instances/state.py",
    "_instances/wanted.py",
    "_modes/checks.py",
    "_mig/arrangement.py",
    "_mig/plan.py",
    "_mig/result.py",
    "_mig/wanted.py",
    "_modes/plan.py",
    "_modes/result.py",
    "_modes/state.py",
    "_modes/steps.py",
    "_modes/target.py",
    "_modes/wanted.py",
]

# The parts of os that do not access the host.
HARMLESS = {"environ", "path", "strerror"}
INPUT_OUTPUT = {"fcntl", "multiprocessing", "select", "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile"}
HTTP = {"http", "keystoneauth1", "openstack", "requests", "urllib.request"}
# The second file only asks daemons of the host, on their Unix sockets.
MAY_USE_HTTP = ["_placement/client.py", "_host/unix_http.py"]

# The first file compiles at the first use, the second runs only on the controller.
MAY_COMPILE = ["_core/patterns.py", "_boot/archive.py"]

FILES = sorted(str(path.relative_to(ENGINE)) for path in ENGINE.rglob("*.py"))


def tree(file: str) -> ast.Module:
    return ast.parse((ENGINE / file).read_text(encoding="utf-8"))


def imported_files(file: str) -> set[str]:
    """Return the files of the engine that a file imports, including inside functions."""
    package = file.partition("/")[0]
    found = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.level:
            path = [package] if node.level == 1 else []
            path += node.module.split(".") if node.module else []
            names = [path] if len(path) == 2 else [[*path, alias.name] for alias in node.names]
            found.update("/".join(name) + ".py" for name in names)
    return found


def imported_modules(file: str) -> set[str]:
    """Return the modules outside the engine that a file imports, including inside functions."""
    found = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def uses_any(modules: set[str], forbidden: set[str]) -> set[str]:
    return {name for name in modules if any(f"{name}.".startswith(f"{one}.") for one in forbidden)}


def test_every_package_has_a_floor():
    assert {file.partition("/")[0] for file in FILES} <= set(MAY_IMPORT)
    assert all(file.count("/") == 1 for file in FILES)
    assert not list(ENGINE.rglob("__init__.py")), "AnsiballZ makes empty ones itself"


@pytest.mark.parametrize("file", FILES)
def test_no_expression_is_compiled_at_import_on_hosts(file):
    """Each module run imports many files, and compiling their expressions takes longer than reading a host."""
    calls = [node for top in tree(file).body for node in ast.walk(top) if not isinstance(top, ast.FunctionDef)]
    compiled = [node for node in calls if isinstance(node, ast.Attribute) and ast.unparse(node) == "re.compile"]
    if file.partition("/")[0] not in ("_capture", "_placement") and file not in MAY_COMPILE:
        assert not compiled, "use lazy_pattern"


@pytest.mark.parametrize("file", FILES)
def test_patterns_of_lines_take_linear_time(file):
    """``\\s`` also matches line ends, so a search at each of many empty lines reads all of them again."""
    texts = [
        node.value for node in ast.walk(tree(file)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [text for text in texts if re.search(r"\^(\(\?!)?\\s[*+]", text)] == []


@pytest.mark.parametrize("file", FILES)
def test_imports_go_down(file):
    package = file.partition("/")[0]
    assert imported_files(file) <= set(FILES)
    others = {name.partition("/")[0] for name in imported_files(file)} - {package}
    assert others <= MAY_IMPORT[package]


def test_there_is_no_circle():
    left = {file: imported_files(file) for file in FILES}
    while True:
        ready = {file for file, needed in left.items() if not needed & set(left)}
        if not ready:
            break
        left = {file: needed for file, needed in left.items() if file not in ready}
    assert not left


@pytest.mark.parametrize("file", FILES)
def test_engine_runs_without_ansible(file):
    assert not uses_any(imported_modules(file), {"ansible", "ansible_collections"})


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith("_host/")])
def test_only_the_package_host_does_input_and_output(file):
    assert not uses_any(imported_modules(file), INPUT_OUTPUT)
    if file == "_core/progress.py":
        return  # A file of the controller, not of a managed host.
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "open", f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr in HARMLESS or node.attr.startswith(("O_", "E")), f"os.{node.attr} in line {node.lineno}"


@pytest.mark.parametrize("file", [file for file in FILES if file not in MAY_USE_HTTP])
def test_only_clients_speak_http(file):
    assert not uses_any(imported_modules(file), HTTP)


@pytest.mark.parametrize("file", PURE)
def test_plans_are_functions_of_data(file):
    names = {node.id for node in ast.walk(tree(file)) if isinstance(node, ast.Name)}
    assert "HostRoot" not in names


@pytest.mark.parametrize("package", sorted({file.partition("/")[0] for file in FILES}))
def test_state_gets_types(package):
    texts = [(ENGINE / file).read_text(encoding="utf-8") for file in FILES if file.startswith(f"{package}/")]
    assert len(re.findall(r"dict\[str, Any\]", "".join(texts))) <= LOOSE_DICTIONARIES.get(package, 0)


@pytest.mark.parametrize("file", sorted(CONTROLLER.rglob("*.py")), ids=lambda file: str(file.relative_to(CONTROLLER)))
def test_imports_on_the_controller_go_down(file):
    package = file.parent.name
    prefix = "ansible_collections.vfio.devices.plugins.plugin_utils."
    text = file.read_text(encoding="utf-8")
    imported = re.findall(rf"^\s*(?:from|import) {re.escape(prefix)}(\w+)", text, re.MULTILINE)
    assert set(imported) <= set(ON_CONTROLLER[: ON_CONTROLLER.index(package) + 1])
    assert not re.search(
        r"^\s*(?:from|import) ansible_collections\.vfio\.devices\.plugins\.(?!plugin_utils|module_utils)",
        text,
        re.MULTILINE,
    )


@pytest.mark.parametrize("package", ON_CONTROLLER)
def test_state_gets_types_on_the_controller(package):
    texts = [file.read_text(encoding="utf-8") for file in (CONTROLLER / package).glob("*.py")]
    assert len(re.findall(r"dict\[str, Any\]", "".join(texts))) <= LOOSE_ON_CONTROLLER.get(package, 0)


MOST_LINES_OF_A_FILE = 300


@pytest.mark.parametrize(
    "file", [*ENGINE.rglob("*.py"), *CONTROLLER.rglob("*.py")], ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_a_file_has_one_concern(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE


MOST_LINES_OF_A_FUNCTION = 48


@pytest.mark.parametrize("directory", ["module_utils", "plugin_utils", "modules"])
def test_a_function_has_one_concern(directory):
    long = {
        f"{file.parent.name}/{file.name}: {node.name}": node.end_lineno - node.lineno + 1
        for file in (ENGINE.parent / directory).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION
    }
    assert not long


MOST_LINES_OF_A_TEST = 450
TESTS = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(TESTS.rglob("*.py")), ids=lambda file: str(file.relative_to(TESTS)))
def test_a_test_file_has_one_concern(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_TEST


# Files that Ansible finds by name contain only documentation and a call into the code.
THIN = [file for kind in ("filter", "lookup", "action") for file in sorted((ENGINE.parent / kind).glob("*.py"))]
ALL_OF_CONTROLLER = [*THIN, *sorted(CONTROLLER.rglob("*.py"))]
MOST_LINES = 10
DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def code_of(file: Path) -> str:
    """Return the code of a file without comments, docstrings and line breaks."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(module):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    module.body = [node for node in module.body if not is_documentation(node)]
    return "\n".join(line for line in ast.unparse(module).splitlines() if line)


def is_documentation(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return (
        isinstance(node, ast.Assign) and {name.id for name in node.targets if isinstance(name, ast.Name)} <= DOCUMENTS
    )


@pytest.mark.parametrize("file", THIN, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_plugins_hold_no_logic(file):
    code = code_of(file)
    assert len(code.splitlines()) <= MOST_LINES, code
    imported = [node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    assert not [
        module for module in imported if re.search(r"^ansible_collections\..+\.plugins\.(?!plugin_utils\.)", module)
    ]


GUIDE = ENGINE.parents[1] / "docs" / "docsite" / "rst" / "guide_architecture.rst"


def section_of_guide(title: str) -> str:
    text = GUIDE.read_text(encoding="utf-8")
    return text.split(f"\n{title}\n---", 1)[1].split("\n----", 1)[0]


@pytest.mark.parametrize("kind", [ENGINE, CONTROLLER], ids=lambda kind: kind.name)
def test_the_guide_describes_every_package(kind):
    tables = {ENGINE: "Packages of the engine", CONTROLLER: "Packages on the controller"}
    rows = "\n".join(re.findall(r"^   \* - (.*)$", section_of_guide(tables[kind]), re.MULTILINE))
    packages = {path.parent.name for path in kind.glob("_*/*.py")}
    assert set(re.findall(r"``(_[a-z]+)``", rows)) == packages


def test_the_guide_follows_a_run_through_existing_code():
    section = section_of_guide("Follow one run")
    paths = re.findall(r"``(\w+/[\w/.]+)``", section)
    assert [path for path in paths if not (ENGINE.parents[1] / path).is_file()] == []
    named = re.findall(r"``([\w/.]+)``, (class|function|method) ``(\w+)``", section)
    assert {kind for _path, kind, _name in named} == {"class", "function", "method"}
    for path, kind, name in named:
        keyword = "class" if kind == "class" else "def"
        assert re.search(
            rf"^ *{keyword} {name}\b", (ENGINE.parents[1] / path).read_text(encoding="utf-8"), re.MULTILINE
        )


def test_the_guide_describes_the_private_variables_of_playbooks():
    playbooks = [path.read_text(encoding="utf-8") for path in (ENGINE.parents[1] / "playbooks").rglob("*.yml")]
    private = {name for text in playbooks for name in re.findall(r"^ +(_\w+):", text, re.MULTILINE)}
    rows = re.findall(r"^   \* - ``(\w+)``$", section_of_guide("Variables of a play"), re.MULTILINE)
    assert {name for name in rows if name.startswith("_")} == private


@pytest.mark.parametrize("package", ["_instances", "_modes"])
def test_the_guide_describes_every_file_of_a_job(package):
    named = set(re.findall(r"``(\w+)``", section_of_guide("One call of a module")))
    assert {file.stem for file in (ENGINE / package).glob("*.py")} <= named


# File names that say how the code came about, and not what it is for.
PRIVATE_WORDS = {
    *(
        "beside",
        "disguise",
        "doubled",
        "due",
        "entries",
        "every",
        "explained",
        "given",
        "held",
        "keep",
        "known",
        "others",
    ),
    *("parts", "put_back", "room", "size_mode", "standard", "told_apart"),
}


def test_files_have_names_of_their_subject():
    words = {file.stem for kind in (ENGINE, CONTROLLER) for file in kind.rglob("*.py")}
    assert not words & PRIVATE_WORDS


ALL = [*(ENGINE / file for file in FILES), *ALL_OF_CONTROLLER, *(ENGINE.parent / "modules").glob("*.py")]


@pytest.mark.parametrize("file", ALL, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_what_is_imported_keeps_its_name(file):
    aliases = [
        alias
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    ]
    # On the controller a longer name may distinguish two files with the same name.
    hidden = "_" if ENGINE not in file.parents else ""
    assert not [alias.name for alias in aliases if alias.asname and alias.asname.startswith(hidden)]


# Python 3.12.1 fails at such a name if the function has another comprehension that uses the name of the module.
@pytest.mark.parametrize("file", ALL, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_no_comprehension_hides_a_function_of_its_file(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.comprehension)]
    bound = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    assert not bound & functions
