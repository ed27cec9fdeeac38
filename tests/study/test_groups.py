import pytest

from reproduce.cli import main
from reproduce.errors import ProtocolError
from reproduce.study.groups import GROUPS, named_studies
from reproduce.study.protocol import profiles, studies

SMALL = (
    *("architectures", "decays", "finds", "finetune", "label_noise", "main", "schedules", "transfer"),
    "transfer_learning",
)


def test_a_group_is_what_the_profile_has_of_it_or_what_is_named() -> None:
    assert studies("small") == SMALL
    assert named_studies("small", [], "robustness") == ("label_noise", "architectures")
    assert named_studies("small", ["all"], "ablations") == ("decays", "schedules")
    assert named_studies("smoke", [], "robustness") == GROUPS["robustness"]
    assert named_studies("smoke", ["imbalance", "imbalance"], "robustness") == ("imbalance",)
    assert named_studies("small", ["imbalance"], "robustness") == ("imbalance",)  # Its reader says that it lacks it.


def test_without_a_group_studies_are_taken_by_name() -> None:
    assert named_studies("small", []) == ("main",)
    assert named_studies("small", ["all"]) == SMALL
    assert named_studies("small", ["transfer", "main", "transfer"]) == ("transfer", "main")
    assert named_studies("a folder/own.toml", ["all"], "robustness") == ("own",)


def test_every_study_of_this_project_is_main_or_in_one_group() -> None:
    grouped = [name for members in GROUPS.values() for name in members]
    assert sorted(["main", *grouped]) == sorted({name for profile in profiles() for name in studies(profile)})


def test_what_does_not_fit_a_group_is_named_with_what_does() -> None:
    with pytest.raises(
        ProtocolError, match=r"'main' is not of robustness: expected any of label_noise, .*; profile sm"
    ):
        named_studies("small", ["label_noise", "main"], "robustness")
    with pytest.raises(ProtocolError, match="no group of studies 'noise'; there are: transfer, finetune, ablations, r"):
        named_studies("small", [], "noise")


def test_a_study_that_the_profile_lacks_and_a_search_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    there = f"there are: {', '.join(SMALL)}"
    for arguments, said in (
        (["--group", "robustness", "--study", "imbalance"], f"profile small has no study 'imbalance'; {there}"),
        (["--study", "search"], f"{there} (a search and its rounds of elimination have a command each: make search)"),
    ):
        assert main(["tables", "--profile", "small", *arguments]) == 2
        assert said in " ".join(capsys.readouterr().err.split())
