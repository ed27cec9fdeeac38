"""A release: what it is made of, and when it is refused."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEEDS_GIT = pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="a release is made of a checkout of git"
)


def release(root: Path, *options: str, dist: Path) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "DIST": str(dist), "PYTHON": sys.executable}
    command = ["bash", str(root / "requirements" / "release.sh"), *options]
    return subprocess.run(command, capture_output=True, text=True, env=settings, check=False)


def test_every_file_names_the_same_version() -> None:
    version = re.search(r'^__version__ = "(.+)"$', (ROOT / "paper_optimizers/__init__.py").read_text(), re.MULTILINE)[1]
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@NEEDS_GIT
def test_a_trial_makes_wheel_archives_and_checksums(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    made = release(ROOT, "--trial", dist=tmp_path)
    assert made.returncode == 0, made.stderr
    (wheel,), (source,), (archive,) = (list(tmp_path.glob(kind)) for kind in ("*.whl", "*.tar.gz", "*.zip"))
    sums = dict(reversed(line.split()) for line in (tmp_path / "SHA256SUMS").read_text().splitlines())
    assert sums == {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in (wheel, source, archive)}
    names = {name.partition("/")[2] for name in zipfile.ZipFile(archive).namelist()}
    for part in (
        *("README.md", "LICENSE", "CITATION.cff", "requirements/cpu.txt", "requirements/gpu.txt", "docker/Dockerfile"),
        *("artifact/claims.toml", "artifact/results/small/main/ledger.jsonl", f"dist/{wheel.name}"),
    ):
        assert part in names


@NEEDS_GIT
def test_what_is_not_committed_or_not_dated_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    for name in ("requirements/release.sh", "paper_optimizers/__init__.py", "CITATION.cff", "CHANGELOG.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "One"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    changes = root / "CHANGELOG.md"
    text = re.sub(r"^(## [\d.]+).*", r"\1 (unreleased)", changes.read_text(), count=1, flags=re.MULTILINE)
    changes.write_text(f"{text}- One more.\n")
    assert "commit first" in release(root, dist=tmp_path / "dist").stderr
    subprocess.run([*git, "commit", "-qam", "Two"], check=True, capture_output=True)
    assert "write the date" in release(root, dist=tmp_path / "dist").stderr
    (root / "CITATION.cff").write_text("version: 9.9.9\n")
    assert "CITATION.cff does not name the version" in release(root, dist=tmp_path / "dist").stderr
    assert not (tmp_path / "dist").exists()
