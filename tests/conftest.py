"""Shared by all tests: quiet libraries, reproducible property tests, and the folder of reference data."""

import importlib.util
import os
import signal
import tempfile
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Keras: its back end reads these once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# What the user has set for Keras, and what their terminal is said to be, decide nothing.
_keras_home = tempfile.TemporaryDirectory(prefix="keras-")
os.environ["KERAS_HOME"] = _keras_home.name
# Compiled programs are kept for these tests alone, and not in the home folder.
_cache_home = tempfile.TemporaryDirectory(prefix="cache-")
os.environ["XDG_CACHE_HOME"] = _cache_home.name
os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"):
    os.environ.pop(name, None)

# A suite that runs in the background of a script, or under nohup, is begun with these ignored, and hands that on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Ray would otherwise keep its token in the home folder, where two first runs at once disturb each other, and would end
# workers where other programs have taken nearly all memory.
os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)
os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")

# How long a test takes depends on what else the machine does, and decides nothing.
settings.register_profile(
    "reproducible", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("reproducible")

#: Numbers that the published code computed; they are not part of this repository.
REFERENCE = Path(os.environ.get("PAPER_REFERENCE", Path(__file__).resolve().parents[2] / "shared" / "reference"))


@pytest.fixture(scope="session", autouse=True)
def compiled_programs() -> None:
    """Let JAX compile a program once for all tests of this process; those that it starts go by their own settings."""
    if importlib.util.find_spec("jax"):
        import jax

        jax.config.update("jax_compilation_cache_dir", str(Path(_cache_home.name) / "tests"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of numbers computed by the published code; it is not part of this repository."""
    if not REFERENCE.is_dir():
        pytest.skip(
            "the published code's numbers are not part of this repository: name their folder with PAPER_REFERENCE"
        )
    return REFERENCE
