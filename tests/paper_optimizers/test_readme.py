"""The examples of README.md work, and its statements are so."""

import re
from pathlib import Path
from typing import Any

import keras
import pytest
from sklearn.datasets import load_digits

from reproduce.report.pages import ROOT
from reproduce.report.pages.readme import page
from reproduce.report.pages.tables import catalog_page, catalog_tables

README = ROOT / "README.md"
TEXT = README.read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def run(example: str) -> dict[str, Any]:
    """The names that an example defines."""
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)
    return names


def test_the_keras_example() -> None:
    keras.utils.set_random_seed(0)
    assert len([line for line in EXAMPLES[0].splitlines() if line]) == 8
    history = run(EXAMPLES[0])["model"].history.history
    assert history["val_accuracy"][-1] > 0.85
    assert history["loss"][-1] < 0.3 < history["loss"][0]


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_the_other_examples(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names = run(example)
    if "spec" in names:
        assert (tmp_path / "optimizer.svg").read_text("utf-8").startswith("<?xml")


def test_the_optimizer_of_the_last_example_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1) / 16
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Conv2D(16, 3), keras.layers.Flatten(), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(run(EXAMPLES[2])["optimizer"], loss, metrics=["accuracy"])
    model.fit(images[:1437], labels[:1437], epochs=2, verbose=0)
    assert model.evaluate(images[1437:], labels[1437:], verbose=0, return_dict=True)["accuracy"] > 0.7


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3


def test_what_is_generated_is_that_of_the_kept_rows() -> None:
    assert page() == TEXT, "run: make pages"


def test_the_first_screen_has_what_a_newcomer_looks_for() -> None:
    first, _, answer = TEXT.partition("## Two commands")[0].partition("## The answer so far")
    assert len(first.splitlines()) + len(answer.splitlines()) < 60
    for part in (
        "pip install",
        "```python",
        "docs/tutorials/torch.md",
        "docs/choose.md",
        "docs/index.md",
        "comparison",
    ):
        assert part in first, part
    for part in ("answer.svg", "beats the best tuned baseline on", "Against Adam", "the margin of 1 point"):
        assert part in answer, part


def test_the_catalog_is_the_catalog() -> None:
    text = (ROOT / "docs" / "catalog.md").read_text("utf-8")
    assert catalog_tables() in text
    assert catalog_page() == text, "run: make pages"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (README.parent / target).exists(), target


def test_make_targets_exist() -> None:
    makefile = (README.parent / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:`|^)make ([a-z-]+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
