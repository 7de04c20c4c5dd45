# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job templates of extensions/awx, and the answers that AWX derives from a survey."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = yaml.safe_load((ROOT / "extensions/awx/job_templates.yml").read_text())["awx_job_templates"]


def name(template):
    """Return ``site`` for extensions/awx/playbooks/site.yml."""
    return Path(template["playbook"]).stem


def answers(playbook):
    """Return the extra variables of a job with default answers; empty answers are omitted."""
    (template,) = [one for one in TEMPLATES if name(one) == playbook]
    questions = template["survey_spec"]["spec"]
    return {one["variable"]: one["default"] for one in questions if one.get("default", "") != ""}
