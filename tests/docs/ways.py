"""How each command of the documentation is tested: every one has a line here."""

from dataclasses import dataclass

#: Run as it stands, in a folder of its own, by `tests.docs.miniature`: training and timing are replaced, sizes small.
RUN = "run"
#: Run as it stands; what it writes must be what is there.
WRITES = "writes"


@dataclass(frozen=True)
class After:
    """Run as it stands, as with `RUN`, once these have been.

    Attributes:
        commands: What makes the files that it reads.
    """

    commands: tuple[str, ...]


@dataclass(frozen=True)
class As:
    """Run another command in its place, since the page leaves a part open, such as a name.

    Attributes:
        command: The command that is run, as with `RUN`.
    """

    command: str


@dataclass(frozen=True)
class Elsewhere:
    """A way for a command that a test of its own runs.

    Attributes:
        test: That test, ``path::name``.
    """

    test: str


@dataclass(frozen=True)
class Parsed:
    """Not run: its words are checked as far as a shell, make and the program's own arguments go.

    Attributes:
        why: What it would take.
    """

    why: str


Way = str | After | As | Elsewhere | Parsed

_TABLES = After(("make reproduce-tables",))
_LOG = After(("examples of docs/tutorials/published_log.md",))
_OF_ITSELF = Parsed("it is what runs these tests")
_CONTAINER = Elsewhere("tests/test_containers.py::test_the_image_is_built_before_it_is_run")
_SHELL = Elsewhere("tests/docs/test_scripts.py::test_the_kubernetes_commands_in_a_shell_with_their_programs_replaced")

WAYS: dict[str, Way] = {
    "make help": Elsewhere("tests/test_makefile.py::test_help_gives_every_phony_target_one_line"),
    "make reproduce-tables": RUN,
    "make reproduce-figures": _TABLES,
    "make transfer": RUN,
    "make finetune": RUN,
    "make ablations": RUN,
    "make robustness": RUN,
    "make search": RUN,
    "make compare-searches": RUN,
    "make estimate": _TABLES,
    "make report": _TABLES,
    "make report ROWS=output": _TABLES,
    "make check-claims": _TABLES,
    "make check-claims ROWS=output": _TABLES,
    "make estimate PROFILE=smoke": RUN,
    "make reproduce-tables PROFILE=small STUDY=main DATA_DIR=...": RUN,
    "make ablations PROFILE=small DATA_DIR=...": RUN,
    "make transfer PROFILE=small STUDY=transfer DATA_DIR=...": RUN,
    "make transfer PROFILE=small STUDY=finds DATA_DIR=...": RUN,
    "make finetune PROFILE=small DATA_DIR=...": RUN,
    "make finetune PROFILE=paper DATA_DIR=... LOCK=gpu": RUN,
    "make search PROFILE=small DATA_DIR=...": RUN,
    "make compare-searches PROFILE=small DATA_DIR=...": RUN,
    "make bench-engine": RUN,
    "make bench-engine LOCK=gpu": RUN,
    "python -m reproduce bench-engine": RUN,
    "make bench-optimizers": RUN,
    "make reproduce-tables bench-engine": RUN,
    "make reproduce-tables bench-engine LOCK=gpu": RUN,
    "make transfer PROFILE=gpu DATA_DIR=... LOCK=gpu": RUN,
    "make transfer PROFILE=paper DATA_DIR=... LOCK=gpu": RUN,
    "make ablations PROFILE=gpu DATA_DIR=... LOCK=gpu": RUN,
    "make reproduce-tables bench-optimizers": RUN,
    "make test": _OF_ITSELF,
    "make test TEST_OPTIONS=tests/paper_optimizers": _OF_ITSELF,
    "make analysis": Parsed("it takes half a minute and writes a page of the checkout"),
    "make check": Parsed("it needs minutes, and is run for every change"),
    "make format": Parsed("it writes the code anew"),
    "make audit": Elsewhere("tests/test_audit.py::test_pip_audit_s_answers"),
    "make soak": Elsewhere("tests/soak/test_soak.py::test_each_fault_is_survived_or_refused"),
    "make fuzz": Elsewhere("tests/fuzz/test_command.py::test_each_reader_is_fuzzed_and_counted"),
    "make fuzz SECONDS=60": Elsewhere("tests/fuzz/test_command.py::test_each_reader_is_fuzzed_and_counted"),
    "make docs": Elsewhere("tests/docs/test_pages.py::test_the_site_builds"),
    "make estimate PROFILE=gpu STUDY=main DATA_DIR=...": As("make estimate PROFILE=gpu STUDY=main DATA_DIR=."),
    "make reproduce-tables PROFILE=gpu STUDY=main DATA_DIR=...": RUN,
    "make reproduce-tables PROFILE=gpu STUDY=main DATA_DIR=... LOCK=gpu": RUN,
    "make venv LOCK=gpu": Parsed("it fetches the packages for GPUs"),
    "make release": Elsewhere("tests/test_release.py::test_a_trial_makes_wheel_archives_and_checksums"),
    "make lock": Parsed("it asks the package index for every version"),
    "make docker-build": _CONTAINER,
    "make docker-build GPU=1": _CONTAINER,
    "make docker-build DOCKER=podman": _CONTAINER,
    "make docker-test": _CONTAINER,
    "make docker-reproduce-tables": _CONTAINER,
    "make docker-reproduce-tables PROFILE=small DATA_DIR=...": Elsewhere(
        "tests/test_containers.py::test_the_job_in_the_image_has_its_folders_and_settings"
    ),
    "make docker-reproduce-tables GPU=1 PROFILE=gpu STUDY=main DATA_DIR=...": Elsewhere(
        "tests/test_containers.py::test_what_a_gpu_needs_is_looked_for_before_its_image_is_made"
    ),
    "docker run --rm paper-optimizers:cpu --help": Elsewhere(
        "tests/test_packaging.py::test_the_command_line_works_outside_the_repository"
    ),
    "docker run --rm paper-optimizers:gpu data list": Parsed("it needs the image for GPUs, of 9 GB"),
    "python -m reproduce COMMAND": Elsewhere("tests/docs/test_commands.py::test_every_command_of_the_program_has_help"),
    "python -m reproduce bench-engine --rounds 8": RUN,
    "python -m reproduce data list": RUN,
    ".venv/bin/python -m reproduce data list": RUN,
    "data verify": As("python -m reproduce data verify digits"),
    "data list": As("python -m reproduce data list"),
    "data prepare NAME": As("python -m reproduce data prepare digits"),
    "python -m reproduce import-log search.csv": _LOG,
    "python -m reproduce replay search.csv --profile smoke --sample 40": _LOG,
    "python -m reproduce replay search.csv --behaviour published": _LOG,
    "python -m reproduce search --profile my-search.toml --data-dir my-images": After(
        ("examples of docs/tutorials/search.md", "the protocol of docs/tutorials/search.md")
    ),
    "python -m reproduce estimate --profile my-search.toml --study search --data-dir my-images": After(
        ("examples of docs/tutorials/search.md", "the protocol of docs/tutorials/search.md")
    ),
    "python -m reproduce tables --profile PATH": Elsewhere(
        "tests/study/test_main_job.py::test_a_find_that_a_protocol_writes_out_is_tuned_tested_and_reported"
    ),
    "python -m reproduce devices": RUN,
    ".venv/bin/python -m reproduce devices --require gpu": RUN,
    ".venv/bin/python -m reproduce search --profile gpu --data-dir DATA --output OUTPUT": RUN,
    ".venv/bin/python -m reproduce search --profile paper --data-dir DATA --output OUTPUT --executor ray": RUN,
    "python -m paper_optimizers.schema": WRITES,
    "make pages": Elsewhere("tests/report/test_pages.py::test_they_are_rebuilt_byte_for_byte"),
    "python -m tests.fuzz": Elsewhere("tests/fuzz/test_command.py::test_each_reader_is_fuzzed_and_counted"),
    "python -m tests.ten_models RESULTS.jsonl": Elsewhere(
        "tests/ten_models/test_training.py::test_a_model_is_trained_from_the_same_weights_each_time"
    ),
    "pip install .": Elsewhere("tests/test_packaging.py::test_the_wheel_asks_for_keras_and_numpy_alone"),
    "pip install '.[torch]'": Parsed("it fetches the build of PyTorch for GPUs, some gigabytes"),
    "pip install '.[optax]'": Parsed("it fetches packages that the lock of the tests holds"),
    "pip install '.[reproduce,search]'": Parsed("it fetches packages that the lock of the tests holds"),
    "pip install '.[cpu]' scikit-learn": Parsed("it fetches packages that the lock of the tests holds"),
    "pip install -e .": Parsed("it fetches packages that the lock of the tests holds"),
    "pip install flax": Parsed("it fetches a package that is not among the locked ones"),
    "pip install atheris": Parsed("it fetches a package that is not among the locked ones"),
    "pip install pytorch-lightning": Parsed("it fetches a package that is not among the locked ones"),
    "pip install transformers accelerate": Parsed("it fetches packages that are not among the locked ones"),
    "kubectl apply --filename cluster.yaml": _SHELL,
    'kubectl exec --stdin --tty "$(kubectl get pods --selector ray.io/cluster=search,ray.io/node-type=head --output '
    'name)" -- python -m reproduce search --profile paper --data-dir /volume/data --output /volume/output '
    "--executor ray --address auto": _SHELL,
}
