# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the job templates match the playbooks, and that AWX would accept them."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
import yaml
from ansible_collections.vfio.devices.tests.docsite.variables import files_of
from ansible_collections.vfio.devices.tests.integration.awx.templates import ROOT, TEMPLATES, name

# Maps survey types to the Python types of answers (AWX, JobTemplateSurveySpec).
TYPES = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "integer": int, "float": float}
QUESTIONS = [(name(one), question) for one in TEMPLATES for question in one["survey_spec"]["spec"]]
FAKE = """
import json
import yaml
from ansible.module_utils.basic import AnsibleModule

options = yaml.safe_load(open({options!r}))[{module!r}]
module = AnsibleModule(argument_spec={{name: {{"type": kind}} for name, kind in options.items()}})
with open({called!r}, "a") as file:
    file.write(json.dumps([{module!r}, module.params]) + "\\n")
module.exit_json(changed=True)
"""


def roles_of(playbook):
    """Return the roles of a playbook, including the roles that they include."""
    text = "".join(files_of(ROOT / f"playbooks/{playbook}.yml"))
    found, waiting = set(), re.findall(r"vfio\.devices\.(\w+)\b", text)
    while waiting:
        role = waiting.pop()
        if role in found or not (ROOT / f"roles/{role}/meta/argument_specs.yml").is_file():
            continue
        found.add(role)
        waiting += re.findall(r"name: vfio\.devices\.(\w+)", (ROOT / f"roles/{role}/tasks/main.yml").read_text())
    return found


def option_of_a_role(playbook, variable):
    for role in roles_of(playbook):
        options = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())
        if variable in options["argument_specs"]["main"]["options"]:
            return options["argument_specs"]["main"]["options"][variable]
    return None


def test_there_is_one_for_each_playbook_that_changes_or_finds_something():
    assert sorted(map(name, TEMPLATES)) == ["drain", "report", "reprofile", "site", "verify"]
    for template in TEMPLATES:
        (play,) = yaml.safe_load((ROOT / template["playbook"]).read_text())
        assert play["ansible.builtin.import_playbook"] == f"vfio.devices.{name(template)}"


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_a_survey_has_the_form_that_awx_wants(template):
    survey = template["survey_spec"]
    assert set(survey) == {"name", "description", "spec"}
    variables = [question["variable"] for question in survey["spec"]]
    assert variables and len(variables) == len(set(variables))


@pytest.mark.parametrize(("playbook", "question"), QUESTIONS)
def test_a_question_has_the_form_that_awx_wants(playbook, question):
    kind = question["type"]
    assert question["question_name"] and isinstance(question["required"], bool)
    assert set(question) <= {
        "question_name", "question_description", "variable", "type", "required", "default", "choices", "min", "max",
    }  # fmt: skip
    default = question.get("default")
    assert default is None or isinstance(default, TYPES[kind])
    if kind == "multiplechoice":
        assert default in question["choices"]
        assert all(isinstance(choice, str) for choice in question["choices"])
    else:
        size = default if isinstance(default, int) else len(default or "")
        assert question["min"] <= size <= question["max"]


@pytest.mark.parametrize(("playbook", "question"), QUESTIONS)
def test_a_question_is_about_what_the_playbook_reads(playbook, question):
    option = option_of_a_role(playbook, question["variable"])
    text = (ROOT / f"playbooks/{playbook}.yml").read_text()
    if option is None or question["variable"] in re.findall(r"^    (\w+): ", text, re.M):
        assert f"# {question['variable']} " in text
        default = re.search(rf"{question['variable']}(?: \| default\('?|: )([\w%]*)", text)
        assert default, text
        assert str(question.get("default", "")) == default[1]
        return
    if option["type"] == "bool":
        assert question["choices"] == ["false", "true"]
        assert question["default"] == str(option["default"]).lower()
        return
    assert question.get("choices") == option.get("choices")
    assert question["type"] == {"str": "text", "path": "text", "int": "integer"}[option["type"]] or option["choices"]
    assert option.get("default", question["default"]) == question["default"]


def test_apply_calls_the_modules_with_options_that_they_have(tmp_path):
    modules = tmp_path / "ansible_collections/awx/awx/plugins/modules"
    modules.mkdir(parents=True)
    options, called = ROOT / "tests/integration/awx/options.yml", tmp_path / "called"
    for module in yaml.safe_load(options.read_text()):
        text = FAKE.format(options=str(options), module=module, called=str(called))
        (modules / f"{module}.py").write_text(text)
    variables = {"awx_image": "example.com/ee", "awx_inventory": "Fleet", "awx_credentials": ["Key", "Cloud"]}
    variables["awx_scm_url"] = "https://git.example.com/vfio.devices.git"
    variables["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
    command = ["ansible-playbook", ROOT / "extensions/awx/apply.yml", "-e", json.dumps(variables)]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": f"{os.environ['ANSIBLE_COLLECTIONS_PATH']}:{tmp_path}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    calls = [json.loads(line) for line in called.read_text().splitlines()]
    assert [module for module, _options in calls] == ["execution_environment", "project", *["job_template"] * 5]
    assert calls[1][1]["scm_url"] == variables["awx_scm_url"]
    for (_module, given), template in zip(calls[2:], TEMPLATES):
        assert {key: given[key] for key in template} == template
        assert (given["inventory"], given["credentials"]) == ("Fleet", ["Key", "Cloud"])
