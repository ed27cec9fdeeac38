"""Compares the locks with the published security advisories: `make audit`.

Ends with status 1 for a locked version with a known vulnerability, and for a lock that pip-audit cannot read. Where the
advisories cannot be had, on a machine without that service, it says that nothing was audited and ends with 0.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LOCKS = ("cpu.txt", "gpu.txt", "dev.txt", "torch-cpu.txt")
#: Seconds for one lock, whose every package is a question to the service; usual are a few.
PATIENCE = 300.0
#: What pip-audit's own messages and stack traces hold where its service, not the lock, is to blame.
OUT_OF_REACH = ("requests.exceptions.", "pip_audit._service.interface.", "network may be blocking this service")


def main() -> int:
    """Audit every lock; returns the exit status."""
    return max(audit(Path(__file__).with_name(name)) for name in LOCKS)


def audit(lock: Path) -> int:
    """Print what is known of one lock; returns 1 if there is a vulnerability or the lock cannot be audited."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", str(lock)]
    quiet = ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    try:
        answer = subprocess.run([*command, *quiet], capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"{lock.name}: not audited, the advisories are out of reach (no end after {PATIENCE:g} s)\n")
        return 0
    try:
        dependencies = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        sys.stdout.write(f"{lock.name}: not audited, {reason(answer.stderr)}\n")
        return 0 if is_out_of_reach(answer.stderr) else 1
    lines, status = report(lock.name, dependencies)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


def is_out_of_reach(complaint: str) -> bool:
    """Whether pip-audit failed for want of its service."""
    return any(sign in complaint for sign in OUT_OF_REACH)


def reason(complaint: str) -> str:
    """Why there is no answer, in one line."""
    last = (complaint.strip().splitlines() or ["no answer"])[-1][:100]
    return f"the advisories are out of reach ({last})" if is_out_of_reach(complaint) else f"pip-audit failed: {last}"


def report(name: str, dependencies: Sequence[dict]) -> tuple[list[str], int]:
    """What pip-audit's answer says, in lines, and the exit status."""
    audited = [entry for entry in dependencies if "vulns" in entry]
    if not audited:
        return [f"{name}: not audited, the advisories are out of reach ({len(dependencies)} packages)"], 0
    found = [
        f"{name}: {entry['name']} {entry['version']}: {vulnerability['id']}, "
        f"fixed in {', '.join(vulnerability['fix_versions']) or 'no version'}"
        for entry in audited
        for vulnerability in entry["vulns"]
    ]
    unknown = len(dependencies) - len(audited)
    summary = f"{name}: {len(audited)} packages audited, {unknown} unknown to the service, {len(found)} advisories"
    return [*found, summary], 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
