# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the texts of the collection in plain technical English.

python -m tests.wording           list each violation in all files, with line, reason and a better wording
python -m tests.wording FILES     list the violations in these files
python -m tests.wording --count   count the violations of each wording
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]


class Rule(NamedTuple):
    """``wrong`` is a regular expression that ignores case; a space in it matches any white space."""

    wrong: str
    reason: str
    better: str


class Text(NamedTuple):
    """A text that people read, and its first line number."""

    path: Path
    line: int
    text: str


class Violation(NamedTuple):
    where: str
    found: str
    reason: str
    better: str


RULES = (
    Rule(r"\bshall\b", "a desired state is declared", "declared, desired, must"),
    Rule(r"\b(some|no)body\b", "name the actor", "another process, another client, no process, no guest"),
    Rule(r"\b(tell|tells|telling|told)\b", "software prints, and does not speak", "report, print, show, warn, list"),
    Rule(r"\bsee(s|n)? (to it )?that\b", "name the action", "check, validate, make sure"),
    Rule(r"\bsee(s|n)? to it\b", "name the action", "check, validate, make sure"),
    Rule(r"(?<!there\s)\b(is|are) no (?!longer\b|more than\b)[a-z]", "negate the verb", "is not a"),
    Rule(r"\bso that it is\b", "two sentences are easier", "so it is, or a sentence of its own"),
    Rule(r"\b(can|could|is|are|not) (to )?be had\b", "use the term", "is available, can be enabled"),
    Rule(r"\b(giv(e|es|en|ing)|gave) away\b", "use the term", "pass through, assign"),
    Rule(r"\bmend(s|ed|ing)?\b", "use the term", "fix, correct"),
    Rule(r"\bpass(es|ed)? over\b", "use the term", "ignore"),
    Rule(r"\blift(s|ed|ing)? (this|it|that)\b", "use the term", "disable the check"),
    Rule(r"\bwithout a word\b", "no figures of speech", "without an error"),
    Rule(r"\bslip of the pen\b|\bbusiness\b|\bone word away\b|\bas it is told\b", "no figures of speech", "say it"),
    Rule(r"\bwhat there is\b|\bwhat is there\b|\bwhat was there\b", "name the thing", "facts, devices, cards"),
    Rule(r"\ball (that|else)\b", "name the thing", "everything else, all providers, all of them: which?"),
    Rule(r"\b(as|what) (it|they) (was|were)\b", "name the state", "unchanged"),
    Rule(r"\bby hand\b", "use the term", "manually"),
    Rule(r"\bgets? lost\b", "name the effect", "is overwritten, is removed"),
    Rule(r"\bto begin with\b", "use the term", "suggested, first"),
    Rule(r"\bdrivers? of s390\b", "put the noun first", "s390 driver"),
    Rule(r"\banew\b", "use a common word", "again"),
    Rule(r"\bin spite of\b", "use a common word", "despite"),
    Rule(r"\bbeside\b", "use a common word", "next to, in addition to, while"),
    Rule(r"\bany more\b", "use a common word", "no longer"),
    Rule(r"\bat once\b", "it means together or immediately", "together, immediately, in one run"),
    Rule(r"\bleft out\b", "say what happens", "if omitted, skipped, Default:"),
    Rule(r"(^|[.:] )With V\(", "say the condition", "If V(x), ..."),
    Rule(r"\bdomains? of libvirt\b", "put the noun first", "libvirt domain"),
    Rule(r"\brules? of udev\b", "put the noun first", "udev rule"),
    Rule(r"\bunits? of systemd\b", "put the noun first", "systemd unit"),
    Rule(r"\b(cards?|GPUs?|drivers?) of NVIDIA\b", "put the noun first", "NVIDIA GPU, NVIDIA driver"),
    Rule(r"\breleases? of nova\b", "put the noun first", "nova release"),
    Rule(r"\barguments? of the kernel\b", "put the noun first", "kernel argument"),
    Rule(r"\bfirst looks?\b|\blooks? who\b|\blook what\b", "name the action", "read, list"),
    Rule(r"\bkeep(s|ing)? \S+ away\b", "use the term", "blacklist, prevent"),
    Rule(r"\b(lets?|letting) (no )?(new )?guests?\b", "use the term", "drain, block new guests"),
)
# The allowed first words of task names.
VERBS = frozenset(
    re.findall(
        r"\w+",
        """
        Add Allow Apply Blacklist Build Change Check Compare Compute Configure Convert Copy Create Deploy
        Describe Disable Discover Download Drain Enable Fail Fill Find Gather Import Include Install Keep
        List Load Mark Name Observe Override Predict Prepare Print Publish Put Read Reboot Record Refuse Reject Remove
        Rename Repeat Replace Report Restart Restore Run Save Send Set Show Skip Start Stop Store Switch
        Take Unmask Update Validate Verify Wait Warn Work Write
        """,
    )
)
MOST_WORDS = 8
# The maximum for guides, READMEs, roles and options. A colon ends a sentence, and text in backquotes is one word.
MOST_IN_A_SENTENCE = 25
END_OF_SENTENCE = re.compile(r"[.!?:](?=\s)")
ONE_WORD = re.compile(r"``[^`]*``|`[^`]*`_?_?|:\w+:`[^`]*`|\[[^]]*\]\([^)]*\)")
NO_PROSE = re.compile(r"\s*(\.\. |[|=+]|:\w+:|#)")
DOCUMENTED = ("modules", "filter", "lookup", "doc_fragments")
DESCRIBED = ("description", "short_description", "notes")
HOLE = "\N{HORIZONTAL ELLIPSIS}"

# The documents, and the files with task names, messages, options and comments.
PATTERNS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/docsite/rst/*.rst",
    "roles/*/README.md",
    "examples/**/*.md",
    "tests/**/*.md",
    "tests/demo/*",
    "tests/setup",
    "tests/run",
    "tests/env.sh",
    "Makefile",
    "changelogs/fragments/*.yml",
    ".github/**/*.md",
    ".github/**/*.yml",
    "extensions/molecule/**/*.yml",
    "roles/**/*.yml",
    "playbooks/**/*.yml",
    "examples/**/*.yml",
    "extensions/awx/**/*.yml",
    "extensions/ee/*.yml",
    "meta/*.yml",
    "plugins/**/*.py",
    "plugins/**/*.j2",
    "plugins/**/*.js",
)


def expression(wrong: str) -> re.Pattern[str]:
    return re.compile(wrong.replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE)


EXPRESSIONS = [(rule, expression(rule.wrong)) for rule in RULES]


def files() -> list[Path]:
    return sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)})


def comments(path: Path, lines: list[str]) -> Iterator[Text]:
    """Yield the comments of YAML; a block of several lines is one text."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        alone, behind = re.match(r"\s*#(.*)", line), re.search(r"\s#\s(.*)", line)
        if alone:
            block.append(alone[1])
            continue
        if block:
            yield Text(path, number - len(block), "\n".join(block))
            block = []
        if behind:
            yield Text(path, number, behind[1])


def scalars(path: Path, node: yaml.Node | None) -> Iterator[Text]:
    """Yield all values without the keys."""
    if isinstance(node, yaml.ScalarNode):
        yield Text(path, node.start_mark.line + 1, node.value)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from scalars(path, child)
    elif isinstance(node, yaml.MappingNode):
        for _key, child in node.value:
            yield from scalars(path, child)


def names(path: Path, node: yaml.Node | None) -> Iterator[Text]:
    """Yield the names of plays, blocks, tasks and handlers."""
    if not isinstance(node, yaml.SequenceNode):
        children = [child for _key, child in node.value] if isinstance(node, yaml.MappingNode) else []
    else:
        children = node.value
        for child in children:
            if isinstance(child, yaml.MappingNode):
                keys = {key.value: value for key, value in child.value}
                name = keys.get("name")
                is_task = any("." in key or key in ("hosts", "block") for key in keys)
                if isinstance(name, yaml.ScalarNode) and is_task:
                    yield Text(path, name.start_mark.line + 1, name.value)
    for child in children:
        if isinstance(child, (yaml.SequenceNode, yaml.MappingNode)):
            yield from names(path, child)


def task_names(path: Path) -> Iterator[Text]:
    if path.suffix == ".py":
        yield from examples(path)
    elif path.suffix == ".yml" and {"tasks", "handlers", "playbooks"} & set(path.relative_to(ROOT).parts[:-1]):
        yield from names(path, yaml.compose(path.read_text(encoding="utf-8")))


def of_python(path: Path, source: str) -> Iterator[Text]:
    """Yield comments, docstrings, and strings of more than one word; marks stand for values and code."""
    for text in _of_python(path, source):
        yield text._replace(text=re.sub(r"``[\w.]+``", HOLE, text.text))


def _of_python(path: Path, source: str) -> Iterator[Text]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(path, token.start[0], token.string)
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
            yield Text(path, node.lineno, "".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and id(node) not in inside and " " in str(node.value).strip():
            yield Text(path, node.lineno, str(node.value))


def examples(path: Path) -> Iterator[Text]:
    """Yield the names of tasks in the examples of a plugin."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            source = ast.literal_eval(node.value)
            for name in names(path, yaml.compose(source)):
                yield name._replace(line=node.lineno + name.line - 1)


def texts(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".yml":
        yield from comments(path, source.splitlines())
        yield from scalars(path, yaml.compose(source))
    elif path.suffix == ".py":
        yield from of_python(path, source)
    else:
        yield Text(path, 1, source)


def wrong_words(text: Text) -> Iterator[Violation]:
    for rule, pattern in EXPRESSIONS:
        for match in pattern.finditer(text.text):
            line = text.line + text.text.count("\n", 0, match.start())
            found = " ".join(match[0].split())
            yield Violation(f"{text.path.relative_to(ROOT)}:{line}", found, rule.reason, rule.better)


def wrong_name(text: Text) -> Iterator[Violation]:
    """Check that a task name has an imperative verb and an object, and at most eight words."""
    where, words = f"{text.path.relative_to(ROOT)}:{text.line}", text.text.split()
    if words[0] not in VERBS:
        yield Violation(where, text.text, "a task name begins with a verb", "a verb of VERBS in tests/wording.py")
    if len(words) > MOST_WORDS:
        yield Violation(where, text.text, f"a task name has at most {MOST_WORDS} words", "verb and object")


def paragraphs(path: Path) -> Iterator[Text]:
    """Yield paragraphs, items and terms of a document, without code, tables and directives."""
    source = re.sub(
        r"```.*?```", lambda code: "\n" * code[0].count("\n"), path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    block: list[str] = []
    literal, depth = None, 0
    for number, line in enumerate([*source.splitlines(), ""], 1):
        indent = len(line) - len(line.lstrip())
        if literal is not None and (not line.strip() or indent > literal):
            continue
        is_item = re.match(r"\s*([-*]|\d+\.) ", line)
        if block and (not line.strip() or is_item or indent != depth):
            yield Text(path, number - len(block), " ".join(block))
            block = []
        starts_code = line.rstrip().endswith("::") or line.lstrip().startswith(".. ")
        literal = indent if starts_code and path.suffix == ".rst" else None
        if line.strip() and not NO_PROSE.match(line):
            block.append(line.strip())
            depth = indent + len(is_item[0].lstrip()) if is_item else indent


def descriptions(path: Path) -> Iterator[Text]:
    """Yield the descriptions of options and results of a plugin or role."""
    if path.suffix == ".yml":
        yield from described(path, yaml.compose(path.read_text(encoding="utf-8")))
        return
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("DOCUMENTATION", "RETURN"):
            for text in described(path, yaml.compose(ast.literal_eval(node.value))):
                yield text._replace(line=node.lineno + text.line - 1)


def described(path: Path, node: yaml.Node | None) -> Iterator[Text]:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from described(path, child)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            is_text = key.value in DESCRIBED and not isinstance(child, yaml.MappingNode)
            yield from (scalars if is_text else described)(path, child)


def prose(path: Path) -> Iterator[Text]:
    if path.suffix in (".md", ".rst"):
        yield from paragraphs(path)
    elif path.name == "argument_specs.yml" or path.suffix == ".py" and path.parts[-2] in DOCUMENTED:
        yield from descriptions(path)


def long_sentences(text: Text) -> Iterator[Violation]:
    for sentence in END_OF_SENTENCE.split(ONE_WORD.sub(HOLE, text.text)):
        words = [word for word in sentence.split() if re.search(rf"\w|{HOLE}", word)]
        if len(words) > MOST_IN_A_SENTENCE:
            where = f"{text.path.relative_to(ROOT)}:{text.line}"
            found = " ".join(words[:6]) + f" {HOLE} ({len(words)} words)"
            yield Violation(where, found, f"a sentence has at most {MOST_IN_A_SENTENCE} words", "two sentences")


def violations(paths: list[Path] | None = None) -> list[Violation]:
    found = []
    for path in files() if paths is None else paths:
        for text in texts(path):
            found += wrong_words(text)
        for name in task_names(path):
            found += wrong_name(name)
        for text in prose(path):
            found += long_sentences(text)
    return found


def main() -> None:
    arguments = sys.argv[1:]
    checked = [Path(name).resolve() for name in arguments if not name.startswith("--")] or files()
    found = violations(checked)
    if "--count" in arguments:
        for reason, number in Counter(f"{one.found.lower()}" for one in found).most_common():
            print(f"{number:5} {reason}")
    else:
        for one in found:
            print(f"{one.where}: {one.found!r}: {one.reason}; better: {one.better}")
    wrong = {one.where.partition(":")[0] for one in found}
    print(f"{len(found)} violations in {len(wrong)} of {len(checked)} checked files", file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
