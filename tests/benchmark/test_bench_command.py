"""`gradmill bench`, `compare` and `report` from end to end, on cells that take a moment."""

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from made_up import ROOF, layers, run, session, write

from gradmill.__main__ import main
from gradmill.benchmark.cells import CELLS
from gradmill.benchmark.results import ResultsWriter, read_results
from gradmill.benchmark.suite import Engine, run_cell

BENCH = [sys.executable, "-m", "gradmill", "bench", "--suite", "tiny", "--threads", "1", "--output"]


def wait_for(condition, process, seconds=60):
    """Wait until something is true of a process that is still running."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < end, "it ended, or took too long"
        time.sleep(0.02)


def runs_in(path):
    return path.read_text().count('"kind": "run"') if path.exists() else 0


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Folder and output of a suite that has come to its end."""
    folder = tmp_path_factory.mktemp("bench")
    command = [*BENCH, str(folder), "--tag", "first", "--repeats", "2", "--time-limit", "60"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_everything_is_written(measured):
    folder, output = measured
    results = read_results(folder / "first.jsonl")
    assert results.complete and not results.problems
    assert sorted(line["cell"] for line in results.runs) == ["tiny_cnn"] * 2 + ["tiny_mlp"] * 2
    assert sorted(line["cell"] for line in results.layers) == ["tiny_cnn", "tiny_mlp"]
    assert len(results.roofs) == 2 and results.roof["flops"] > 0
    line = next(line for line in results.runs if line["cell"] == "tiny_mlp")
    # Multiply-adds of 8 images: both layers forward and for the weights, the second for its input too.
    assert line["step_flops"] == 2 * 8 * (2 * 784 * 128 + 3 * 128 * 10)
    assert line["peak_bytes"] > line["planned_bytes"] > 0 and line["processor_seconds"] > 0
    assert len(line["warm_up_seconds"]) == 1 and len(line["epoch_seconds"]) == 4 and len(line["losses"]) == 5
    environment = results.environment
    assert {"cpu", "blas", "compiler", "governor", "flags", "system", "numpy", "threads"} <= set(environment)
    assert re.search(r"tiny_mlp +gradmill +[\d,]+", output) and "results:" in output


def test_reports_are_made_of_it(measured):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    folder, _ = measured
    pictures = {path.name for path in folder.glob("*.png")}
    assert {"first-throughput.png", "first-roofline.png", "first-memory.png"} <= pictures
    page = (folder / "first.html").read_text()
    assert 10_000 < len(page) < 2_000_000
    # It opens without anything else.
    assert not re.search(r'(?:src|href)="(?!#)', page) and "@import" not in page and page.count("<svg") == 5
    rows = json.loads(re.search(r'id="rows">(.*?)</script>', page, re.DOTALL)[1])
    assert [row["cell"] for row in rows] == ["tiny_mlp", "tiny_cnn"]


def test_a_tag_is_not_written_over_and_can_be_gone_on_with(measured, capsys):
    folder, _ = measured
    options = ["bench", "--suite", "tiny", "--threads", "1", "--output", str(folder), "--tag", "first", "--no-layers"]
    assert main(options) == 1
    assert "first.jsonl exists; go on with it by --resume" in capsys.readouterr().err
    before = runs_in(folder / "first.jsonl")
    assert main([*options, "--resume", "--repeats", "2"]) == 0
    assert runs_in(folder / "first.jsonl") == before, "every cell had its repeats already"
    assert main([*options, "--resume", "--scale", "0.5"]) == 1
    assert "cannot be gone on with: epochs was" in capsys.readouterr().err
    assert main([*options[:-1], "--tag", "no", "--resume"]) == 1
    assert "resume: there is no" in capsys.readouterr().err


def test_a_scaled_suite_says_so(tmp_path, capsys):
    options = ["--output", str(tmp_path), "--scale", "0.5", "--cells", "tiny_mlp", "--no-layers"]
    assert main(["bench", "--suite", "tiny", "--threads", "1", *options]) == 0
    assert "tiny_mlp, gradmill: scaled: epochs 4 -> 2" in capsys.readouterr().out


def test_an_interrupt_keeps_what_is_done(tmp_path):
    process = subprocess.Popen(
        [*BENCH, str(tmp_path), "--repeats", "50", "--time-limit", "600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )
    wait_for(lambda: runs_in(tmp_path / "tiny.jsonl") >= 2, process)
    process.send_signal(signal.SIGINT)
    output, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert "--tag tiny --resume goes on from here" in complaints and "Traceback" not in complaints
    results = read_results(tmp_path / "tiny.jsonl")
    assert len(results.runs) >= 2 and not results.problems and not results.complete
    assert "samples/s" in output and "results:" in output


def test_a_killed_suite_loses_the_run_under_way_only(tmp_path):
    path = tmp_path / "tiny.jsonl"
    command = [*BENCH, str(tmp_path), "--repeats", "50", "--time-limit", "600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    wait_for(lambda: runs_in(path) >= 3, process)
    process.kill()
    process.wait()
    process.stdout.close()
    before = runs_in(path)
    with open(path, "a") as file:
        file.write('{"schema": "gradmill-bench/1", "kind": "ru')
    done = subprocess.run(
        [*BENCH, str(tmp_path), "--resume", "--repeats", str(before), "--no-layers"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "is damaged (an interrupted write?) and was skipped" in done.stderr
    results = read_results(path)
    assert results.complete and len(results.sessions) == 2 and len(results.runs) >= before


def test_a_run_that_takes_too_long_is_ended_and_marked(tmp_path, capsys):
    options = ["--output", str(tmp_path), "--cell-limit", "0.05", "--no-layers", "--cells", "tiny_mlp"]
    assert main(["bench", "--suite", "tiny", *options]) == 0
    assert "tiny_mlp, gradmill: over 0.05 s" in capsys.readouterr().out


def test_a_full_disk_keeps_and_shows_what_was_measured(tmp_path, capsys, monkeypatch):
    real = ResultsWriter.write

    def fill(writer, kind, **values):
        if kind == "run" and runs_in(writer.path):
            raise OSError(errno.ENOSPC, "No space left on device", str(writer.path))
        real(writer, kind, **values)

    monkeypatch.setattr(ResultsWriter, "write", fill)
    options = ["--output", str(tmp_path), "--cells", "tiny_mlp", "--repeats", "3", "--time-limit", "60"]
    assert main(["bench", "--suite", "tiny", *options]) == 1
    found = capsys.readouterr()
    assert f"No space left on device: '{tmp_path / 'tiny.jsonl'}'; what was measured" in found.err
    assert "is kept: --tag tiny --resume" in found.err
    assert re.search(r"tiny_mlp +gradmill +[\d,]+\*? +one run", found.out)


def test_a_peer_that_is_missing_or_broken_has_its_reason_and_the_suite_goes_on(tmp_path, capsys):
    broken = tmp_path / "python"
    broken.write_text(f'#!/bin/sh\nexec {sys.executable} -c "raise ImportError(\'libfoo.so: no such file\')"\n')
    broken.chmod(0o755)
    options = ["--output", str(tmp_path), "--peers", "torch,jax", "--peer-python", str(broken), "--no-layers"]
    assert main(["bench", "--suite", "tiny", "--cells", "tiny_mlp", "--repeats", "1", "--threads", "1", *options]) == 0
    output = capsys.readouterr().out
    for label in ("torch", "torch (best)", "jax", "jax (best)"):
        assert f"tiny_mlp, {label}: exit code 1: ImportError: libfoo.so: no such file" in output
    assert re.search(r"tiny_mlp +gradmill +[\d,]+", output)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--suite", "quik"], "suite: expected one of quick, seeds, full; received 'quik'; did you mean 'quick'?"),
        (["--cells", "ltsm"], "received 'ltsm'; did you mean 'lstm'?"),
        (["--peers", "pytorch"], "expected some of torch, tensorflow, jax, mlx; received 'pytorch'; did you mean"),
        (["--scale", "0"], "scale: expected a number above 0 and at most 1; received 0.0"),
    ],
)
def test_unknown_names(tmp_path, capsys, options, message):
    assert main(["bench", "--output", str(tmp_path), *options]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [["--tag", "a/b"], ["--time-limit", "-1"], ["--cells", ","], ["--repeats", "0"]])
def test_wrong_usage(options, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["bench", *options])
    assert caught.value.code == 2 and "expected" in capsys.readouterr().err


def test_the_list_of_cells(capsys):
    assert main(["bench", "--list"]) == 0
    output = capsys.readouterr().out
    assert "quick:" in output and "resnet50_b128" in output and "tiny" not in output


def files(folder):
    speeds = (990.0, 1000.0, 1010.0)
    one = [session(tag="one"), {"kind": "roof", **ROOF}, *(run(s, number=i) for i, s in enumerate(speeds)), layers()]
    peers = [run(s / 4, "torch", number=i) for i, s in enumerate(speeds)]
    two = [session(tag="two"), {"kind": "roof", **ROOF}, *(run(s * 2, number=i) for i, s in enumerate(speeds))]
    return [str(write(folder / "one.jsonl", *one, *peers)), str(write(folder / "two.jsonl", *two))]


def test_compare(tmp_path, capsys):
    assert main(["compare", *files(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert re.search(r"tiny_mlp +gradmill +two +2,000 +1,000 +2\.000 .* faster", output)
    assert main(["compare", files(tmp_path)[0]]) == 1
    assert "expected two files or more; received 1" in capsys.readouterr().err


def test_report_of_several_files(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    names = {"--html": "a.html", "--csv": "a.csv", "--markdown": "a.md", "--png": "plots"}
    options = [word for option, name in names.items() for word in (option, str(tmp_path / name))]
    assert main(["report", *files(tmp_path), *options]) == 0
    capsys.readouterr()
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["source"], row["engine"], row["repeats"]) for row in rows] == [
        ("one", "gradmill", "3"),
        ("one", "torch", "3"),
        ("two", "gradmill", "3"),
    ]
    assert float(rows[1]["gradmill_is_times_as_fast"]) == pytest.approx(4)
    text = (tmp_path / "a.md").read_text()
    assert "| tiny_mlp | gradmill | 1,000 |" in text and "faster, 4.00 times as fast" in text
    assert "Beside one" in (tmp_path / "a.html").read_text()
    assert os.listdir(tmp_path / "plots")


def test_pages_do_not_trust_what_results_say(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    evil = "</script><script>alert(1)</script>"
    lines = [session(tag=evil), {"kind": "roof", **ROOF}, run(), run(engine="torch", error=evil), layers()]
    path = write(tmp_path / "a.jsonl", *lines)
    assert main(["report", str(path), "--html", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_without_packages_for_reports_table_and_lines_are_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("gradmill.benchmark.publish.has_module", lambda name: False)
    assert main(["report", *files(tmp_path), "--html", str(tmp_path / "a.html")]) == 0
    output = capsys.readouterr().out
    assert "no plots and no report without matplotlib and jinja2: pip install 'gradmill[bench]'" in output
    assert "1,000" in output and not (tmp_path / "a.html").exists()


def test_a_reader_that_has_had_enough_is_no_error(tmp_path):
    command = [sys.executable, "-m", "gradmill", "report", files(tmp_path)[0]]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == 141 and done.stderr == ""


def test_time_to_accuracy_takes_its_own_cells_alone(tmp_path, capsys):
    command = ["bench", "--time-to-accuracy", "--cells", "lstm", "--output", str(tmp_path)]
    assert main(command) == 1 and not os.listdir(tmp_path)
    words = "expected some of fashion_mnist_to_0.88, cifar10_to_0.60 with --time-to-accuracy; received 'lstm'"
    assert words in capsys.readouterr().err


def test_other_engines_have_no_time_to_accuracy():
    """Whatever is installed: they have no such data sets."""
    answer = run_cell(CELLS["fashion_mnist_to_0.88"], Engine("torch"), threads=1)
    assert "the time to an accuracy is measured on gradmill alone" in answer["error"]
