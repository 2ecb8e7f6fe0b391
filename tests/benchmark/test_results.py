"""Files of results: whole lines, damaged lines, other versions, cells that differ."""

import errno
import json
import os

import pytest
from made_up import CELL, ROOF, layers, other_cell, run, session, write

import gradmill as gm
from gradmill.benchmark.results import SCHEMA, ResultsWriter, check_comparable, read_results


def test_what_is_written_can_be_read(tmp_path):
    path = tmp_path / "deep" / "a.jsonl"
    writer = ResultsWriter(path)
    for line in (session(), {"kind": "roof", **ROOF}, run(), run(number=1), layers()):
        writer.write(**line)
    writer.close()
    results = read_results(path)
    assert (results.label, len(results.runs), len(results.layers), results.complete) == ("made-up", 2, 1, False)
    assert results.roof["flops"] == 100e9 and results.environment["cpu"] == "Some CPU" and not results.problems


def test_numbers_that_json_does_not_know_become_null(tmp_path):
    writer = ResultsWriter(tmp_path / "a.jsonl")
    writer.write(**session())
    writer.write(**run(loss=float("nan"), first_loss=float("inf")))
    writer.close()
    text = (tmp_path / "a.jsonl").read_text()
    assert "NaN" not in text and "Infinity" not in text
    (line,) = read_results(tmp_path / "a.jsonl").runs
    assert line["losses"] == [2.3, 1.0, 0.5, None] and line["first_loss"] is None


def test_a_last_line_that_is_cut_off_is_told_and_skipped(tmp_path):
    path = write(tmp_path / "a.jsonl", session(), run(), run(number=1), end=False)
    content = path.read_bytes()
    for cut in (1, 40, 400):
        path.write_bytes(content[:-cut])
        results = read_results(path)
        if cut == 1:  # only the end of the line is missing
            assert len(results.runs) == 2 and not results.problems
        else:
            assert len(results.runs) == 1
            assert results.problems == [f"{path}: line 3 is damaged (an interrupted write?) and was skipped"]


def test_a_file_that_is_gone_on_with_loses_its_unfinished_line_only(tmp_path):
    path = write(tmp_path / "a.jsonl", session(), run(), run(number=1), end=False)
    path.write_bytes(path.read_bytes()[:-30])
    writer = ResultsWriter(path)
    writer.write(**run(number=2))
    writer.close()
    results = read_results(path)
    assert [line["round"] for line in results.runs] == [0, 2] and not results.problems


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: [lines[0], "what is this", *lines[1:]], "line 2 is not a line of results"),
        (lambda lines: [lines[0], '{"schema": 3, "kind": "run"}', *lines[1:]], "line 2 is not a line of results"),
        (lambda lines: [line.replace(SCHEMA, "gradmill-bench/99") for line in lines], "schema 'gradmill-bench/99'"),
        (lambda lines: [lines[0], lines[1].replace('"epoch_seconds"', '"x"'), lines[2]], "it has no epoch_seconds"),
        (lambda lines: [*lines[:2], lines[2].replace('"end"', '"fin"')], "of the kinds session, .*; received 'fin'"),
        (lambda lines: [lines[0], lines[1].replace('"steps": ', '"step": 1, "steps": ')], "does not know: step$"),
        (lambda lines: lines[1:], "expected the results of a session"),
        (lambda lines: [], "expected the results of a session; received 0 lines"),
    ],
)
def test_files_that_are_refused(tmp_path, damage, message):
    path = write(tmp_path / "a.jsonl", session(), run())
    path.write_text("".join(line + "\n" for line in damage(path.read_text().splitlines())))
    with pytest.raises(gm.errors.ArgumentError, match=message):
        read_results(path)
    with pytest.raises(OSError):
        read_results(tmp_path / "missing.jsonl")


def test_files_of_several_versions(tmp_path):
    path = write(tmp_path / "a.jsonl", session(), run())
    newer = json.dumps({"schema": "gradmill-bench/2", "kind": "run"})
    path.write_text(path.read_text() + newer + "\n")
    with pytest.raises(gm.errors.ArgumentError, match="line 4 has the schema 'gradmill-bench/2'; this version reads"):
        read_results(path)


def test_a_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    writer = ResultsWriter(tmp_path / "a.jsonl")
    writer.write(**session())
    real = os.write

    def write_some(file, data):
        if len(data) > 50:
            return real(file, data[:50])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gradmill.benchmark.results.os.write", write_some)
    with pytest.raises(OSError, match="No space left on device.*a.jsonl"):
        writer.write(**run())
    monkeypatch.undo()
    results = read_results(tmp_path / "a.jsonl")
    assert not results.runs and not results.problems
    writer.close()


def test_cells_that_differ_are_not_compared(tmp_path):
    one = read_results(write(tmp_path / "one.jsonl", session(tag="one"), run()))
    same = read_results(write(tmp_path / "same.jsonl", session(tag="same"), run(2000.0)))
    other = read_results(write(tmp_path / "b.jsonl", session(tag="two"), run(cell=other_cell(batch=64, rate=0.1))))
    check_comparable([one, same])
    with pytest.raises(gm.errors.ArgumentError) as caught:
        check_comparable([one, other])
    expected = f"batch is {CELL.batch} in one and 64 in two; rate is 0.001 in one and 0.1 in two"
    assert str(caught.value) == f"cell tiny_mlp cannot be compared: {expected}"
