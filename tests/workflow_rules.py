"""The rules of the workflow as text, for tests that compare them with the code."""

import re

import pytest
from conftest import ROOT

RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def doors():
    """Return rule, text and door of every rule that runs a script, as parameters of a test."""
    found = []
    for path in RULES:
        parts = re.split(r"^\s*(?:rule|checkpoint) *(\w*):$", path.read_text(), flags=re.MULTILINE)
        for rule, text in zip(parts[1::2], parts[2::2], strict=True):
            script = re.search(r'"\.\./\.\./scripts/(\w+)\.py"', text)
            if script:
                found.append(pytest.param(rule, text, script[1], id=rule or script[1]))
    return found
