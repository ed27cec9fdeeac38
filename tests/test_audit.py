"""What the audit makes of pip-audit's answers."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "requirements" / "audit.py"
UNKNOWN = {"name": "six", "skip_reason": "not found"}
SAFE = {"name": "numpy", "version": "2.0.0", "vulns": []}
UNSAFE = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["1.1", "2.0"]}, {"id": "CVE-2", "fix_versions": []}],
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_advisory_is_named_and_fails(audit: ModuleType) -> None:
    lines, status = audit.report("cpu.txt", [SAFE, UNSAFE, UNKNOWN])
    assert status == 1
    assert lines == [
        "cpu.txt: pillow 1.0: CVE-1, fixed in 1.1, 2.0",
        "cpu.txt: pillow 1.0: CVE-2, fixed in no version",
        "cpu.txt: 2 packages audited, 1 unknown to the service, 2 advisories",
    ]


def test_safe_packages_pass(audit: ModuleType) -> None:
    assert audit.report("cpu.txt", [SAFE])[1] == 0


def test_nothing_audited_is_said(audit: ModuleType) -> None:
    lines, status = audit.report("cpu.txt", [UNKNOWN, UNKNOWN])
    assert status == 0
    assert lines == ["cpu.txt: not audited, the advisories are out of reach (2 packages)"]


def test_an_answer_that_is_none(audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(tmp_path / "absent.txt") == 0
    assert capsys.readouterr().out.startswith("absent.txt: not audited, the advisories are out of reach (")
