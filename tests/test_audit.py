"""The audit reads pip-audit's answers, and those of a service of advisories on this machine."""

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
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
ADVISORY = {
    "id": "GHSA-1",
    "aliases": ["CVE-1"],
    "summary": "",
    "details": "",
    "modified": "2024-01-01T00:00:00Z",
    "published": "2024-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "pillow", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "10.2"}]}],
        }
    ],
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_lock_is_audited(audit: ModuleType) -> None:
    assert sorted(audit.LOCKS) == sorted(path.name for path in SCRIPT.parent.glob("*.txt"))


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


class Advisories(BaseHTTPRequestHandler):
    """Answers as the OSV service does: one advisory for pillow, none for others, a failure for the package "six"."""

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        if name == "six":
            self.send_error(503)
            return
        body = json.dumps({"vulns": [ADVISORY]} if name == "pillow" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A service of advisories on this machine, which pip-audit asks instead of its own."""
    server = HTTPServer(("127.0.0.1", 0), Advisories)
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # The form that comes first where both are set.
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def locked(folder: Path, *packages: str) -> Path:
    lock = folder / "cpu.txt"
    lock.write_text("".join(f"{package} --hash=sha256:{'a' * 64}\n" for package in packages), encoding="utf-8")
    return lock


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        (["numpy==2.0.0"], 0, "cpu.txt: 1 packages audited, 0 unknown to the service, 0 advisories\n"),
        (
            ["numpy==2.0.0", "pillow==10.0"],
            1,
            "cpu.txt: pillow 10.0: CVE-1, fixed in 10.2\n"
            "cpu.txt: 2 packages audited, 0 unknown to the service, 1 advisories\n",
        ),
        (["six==1.16.0"], 0, "cpu.txt: not audited, the advisories are out of reach ("),
        (["numpy>=2"], 1, "cpu.txt: not audited, pip-audit failed: "),
    ],
    ids=["safe", "unsafe", "the service fails", "an unreadable lock"],
)
def test_pip_audit_s_answers(
    audit: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    packages: list[str],
    status: int,
    said: str,
) -> None:
    assert audit.audit(locked(tmp_path, *packages)) == status
    assert capsys.readouterr().out.startswith(said)


def test_no_service_is_said(
    audit: ModuleType, service: HTTPServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.shutdown()
    service.server_close()
    assert audit.audit(locked(tmp_path, "numpy==2.0.0")) == 0
    assert "not audited, the advisories are out of reach (" in capsys.readouterr().out


@pytest.mark.usefixtures("service")
def test_a_service_that_is_too_slow_ends_the_audit(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "PATIENCE", 0.01)
    assert audit.audit(locked(tmp_path, "pillow==10.0")) == 0
    assert capsys.readouterr().out == "cpu.txt: not audited, the advisories are out of reach (no end after 0.01 s)\n"


def test_a_lock_that_is_not_there_fails(audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.audit(tmp_path / "absent.txt") == 1
    assert capsys.readouterr().out.startswith("absent.txt: not audited, pip-audit failed: ")
