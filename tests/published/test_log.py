"""The log's reader: every row of the published log, and a documented error for everything else."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reproduce.errors import ReproduceError
from reproduce.published.log import COLUMNS, LogError, parse_published_log, read_published_log

HEADER = ",".join(COLUMNS)


def log(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


GOOD = log(
    "init,,,Nest ~ id(g),ok,0.75,95.5",
    'particle,1,0,"Mom ~ min(g, 1)",ok,0.8,200',
    "mutation,1,1,None ~ [a1][g],failed,,".replace("[a1][g]", "id([a1][g])"),
)


def test_rows_are_read_with_their_lines():
    first, second, third = parse_published_log(GOOD, "log.csv")
    assert (first.line, first.phase, first.particle, first.depth, first.stage) == (2, "init", None, None, "initial")
    assert (first.text, first.spec.momentum.type, first.score, first.seconds) == (
        "Nest ~ id(g)",
        "nesterov",
        0.75,
        95.5,
    )
    assert (second.phase, second.particle, second.depth, second.stage) == ("particle", 1, 0, "evolution")
    assert second.text == "Mom ~ min(g, 1)"
    assert (third.depth, third.score, third.seconds) == (1, None, None)


def test_the_published_log_is_read_whole(reference):
    rows = read_published_log(reference / "search_log" / "published_search.csv")
    assert len(rows) == 1915
    assert sum(row.phase == "init" for row in rows) == 70
    assert sum(row.score is None for row in rows) == 605
    assert max(rows, key=lambda row: row.score or 0).text == "Nest ~ bessel_i1e(arctan([(a13)*(a2)][g]))"
    assert all(row.spec.to_text() == row.text for row in rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "log.csv, line 1: expected the columns phase,"),
        (b"Epoch 1/40\n200/200 - loss: 2.1\n", "line 1: expected the columns .* the authors' own log file"),
        (log("init,,,Nest ~ id(g),ok,0.75"), "line 2: expected 7 columns; received 6"),
        (log("start,,,Nest ~ g,ok,0.7,1"), "line 2, column phase: expected one of init, particle, mutation"),
        (log("", "init,1,,Nest ~ g,ok,0.7,1"), "line 3, column particle: expected nothing where phase is init"),
        (log("init,,2,Nest ~ g,ok,0.7,1"), "line 2, column depth: expected nothing"),
        (log("particle,0,0,Nest ~ g,ok,0.7,1"), "column particle: expected a whole number, 1 or more; received '0'"),
        (log("particle,1,1,Nest ~ g,ok,0.7,1"), "column depth: expected 0 where phase is particle"),
        (log("mutation,1,0,Nest ~ g,ok,0.7,1"), "column depth: expected a whole number, 1 or more"),
        (log("mutation,1,1,Nest ~ q,ok,0.7,1"), r"line 2, column expression: expected a candidate .*text\[7\]"),
        (log("mutation,1,1,Nest ~ g,done,0.7,1"), "column status: expected one of ok, failed; received 'done'"),
        (log("mutation,1,1,Nest ~ g,ok,1.7,1"), r"column val_accuracy: expected an accuracy in \[0, 1\]"),
        (log("mutation,1,1,Nest ~ g,ok,nan,1"), "column val_accuracy: .* received 'nan'"),
        (log("mutation,1,1,Nest ~ g,ok,0.7,-1"), "column seconds: expected seconds, 0 or more"),
        (log("mutation,1,1,Nest ~ g,failed,0.7,"), "column val_accuracy: expected nothing where status is failed"),
        (log("mutation,1,1,Nest ~ g,failed,,3"), "column seconds: expected nothing"),
        (log('mutation,1,1,"Nest ~ g,failed,,'), "line 2: not CSV: unexpected end of data"),
        (log("init,,,Nest ~ g,ok,0.7,1") + b"\xff\n", "log.csv, line 3: not UTF-8 text"),
    ],
)
def test_errors_name_line_and_column(content, message):
    with pytest.raises(LogError, match=message):
        parse_published_log(content, "log.csv")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(LogError, match=r"cannot read the log .*nowhere\.csv: No such file"):
        read_published_log(tmp_path / "nowhere.csv")
    with pytest.raises(LogError, match="cannot read the log"):
        read_published_log(tmp_path)


def only_documented_errors(content: bytes) -> None:
    try:
        rows = parse_published_log(content, "log.csv")
    except ReproduceError as error:
        refusal = error
    else:
        assert all(row.spec.to_text() for row in rows)
        return
    assert isinstance(refusal, LogError)
    assert str(refusal).startswith("log.csv, line ")
    assert len(str(refusal)) < 2000


@given(st.binary(max_size=300))
@example(b"\x00")
@example(HEADER.encode() + b"\n\x00\n")
@example(HEADER.encode() + b"\rinit,,,\r")
def test_any_bytes_give_rows_or_a_documented_error(content):
    only_documented_errors(content)


FIELDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "init", "particle", "mutation", "ok", "failed", "0", "1", "-1", "1e999", "0x1", "٣", "²", "0.5", "inf",
         "1_0", "Nest ~ g", "None ~ id([a1][g])", "Mom ~ ((((g", "Nest ~ " + "id(" * 2000 + "g"]
    ),
)  # fmt: skip


@given(st.lists(st.lists(FIELDS, min_size=6, max_size=8), max_size=3))
def test_any_fields_give_rows_or_a_documented_error(rows):
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    only_documented_errors(text.getvalue().encode("utf-8", "surrogatepass"))


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_any_change_of_a_log_gives_rows_or_a_documented_error(place, change):
    only_documented_errors(GOOD[:place] + change + GOOD[place + 1 :])
