"""Where results lie: folders and files below a command's output, and those kept with the repository."""

from __future__ import annotations

from pathlib import Path

#: In the folder of a study, a search, an elimination or a replay: its records, and the settings that they were made by.
LEDGER_FILE, SETTINGS_FILE = "ledger.jsonl", "protocol.json"
#: In the folder of a study whose runs start from weights that were trained here: the rows of that training.
PRETRAINING_FILE = "pretraining.jsonl"
#: Folders of a profile that the commands search, compare-searches, noise-floor and eliminate write.
SEARCH, COMPARISON, NOISE, ELIMINATION = "search", "search-comparison", "noise-floor", "elimination"
#: The ledger of what was scored again, in the first two.
RESCORING_FILE = "rescoring.jsonl"
#: The best of a search or an elimination, as specs.
FINALISTS = "finalists"
#: In the output folder: decoded data sets and pretrained weights, kept for the next run.
CACHE = "cache"
#: In the folder of a study: the states of runs that Keras is training.
CHECKPOINTS = "checkpoints"
#: What worker processes print.
WORKERS_LOG = "workers.log"
#: The rows kept with the repository, as PROFILE/STUDY/ledger.jsonl.
STORED_RESULTS = Path(__file__).resolve().parents[1] / "artifact" / "results"


def profile_ledger(output: Path, profile: str, name: str) -> Path:
    """The ledger of a study, search or elimination of a profile."""
    return output / profile / name / LEDGER_FILE
