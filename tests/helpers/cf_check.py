"""What the compliance checker has to say about a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def cf_problems(path: Path, folder: Path) -> list[str]:
    """Messages of the checks of CF-1.11 that the file does not fully pass."""
    runner = pytest.importorskip("compliance_checker.runner")
    runner.CheckSuite.load_all_available_checkers()
    report = folder / "compliance.json"
    runner.ComplianceChecker.run_checker(
        str(path), ["cf:1.11"], 0, "strict", output_filename=str(report), output_format="json"
    )
    checks = json.loads(report.read_text())["cf:1.11"]["all_priorities"]
    assert checks, "the checker checked nothing"
    return [message for check in checks for message in check["msgs"]]
