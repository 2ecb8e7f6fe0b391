"""What follows from runs: proofs, shares of the roof, verdicts, energy."""

import pytest
from made_up import CELL, ROOF, other_cell, run, session, write

from gradmill.benchmark.cells import Band
from gradmill.benchmark.compare import comparison_rows
from gradmill.benchmark.results import read_results
from gradmill.benchmark.rows import rows_of
from gradmill.benchmark.tables import cells_of_row, csv_text, notes_of, verdict_lines

SPEEDS = (990.0, 1000.0, 1010.0, 1005.0)


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """A function from lines to rows; the band of the tiny cell is 0.1 to 0.3."""
    monkeypatch.setattr("gradmill.benchmark.rows.loss_band", lambda cell: Band(0.1, 0.3, 4))

    def make(*lines):
        return rows_of(read_results(write(tmp_path / "a.jsonl", session(), {"kind": "roof", **ROOF}, *lines)))

    return make


def test_a_row_sums_up_its_runs(rows):
    (row,) = rows(*(run(speed, number=i) for i, speed in enumerate(SPEEDS)))
    assert row.speed.value == pytest.approx(1002.5) and row.speed.repeats == 4
    assert row.speed.low < 1000 < row.speed.high
    assert (row.proof, row.loss, row.peak_bytes, row.planned_bytes) == ("ok", 0.2, 60e6, 10e6)
    # 1002.5 samples/s in steps of 8 samples, 4e6 operations each; half of them are carried out.
    assert row.flops == pytest.approx(1002.5 / CELL.batch * 4e6)
    assert row.share_of_peak == pytest.approx(row.flops / 100e9)
    assert row.share_carried_out == pytest.approx(row.share_of_peak / 2)
    # The machine would need 2e6 / 100e9 s for the operations and 1e6 / 20e9 s for the bytes of a step.
    assert row.share == pytest.approx(1002.5 / CELL.batch * 50e-6)


@pytest.mark.parametrize("loss", [0.05, 0.31, None])
def test_a_loss_outside_of_its_band_is_invalid_and_not_compared(rows, loss):
    peers = [run(100.0, "torch", number=i) for i in range(2)]
    own, peer = rows(run(number=0), run(number=1, loss=loss), *peers)
    assert own.proof == "INVALID" and not own.counts and peer.proof == "ok"
    assert peer.versus is None and not verdict_lines([own, peer])
    reason = "the last loss is no number" if loss is None else "the loss of epoch 4 must lie between 0.1 and 0.3"
    assert f"not compared, as {reason}" in notes_of([own])[0]
    assert cells_of_row(own)[-1] == "INVALID"


@pytest.mark.parametrize(
    "losses, proof",
    [([2.0, 0.2, 0.1, 0.05], "ok"), ([2.0, 0.4, 0.2, 0.2], "INVALID"), ([2.0, 0.2, 0.1, 0.4], "INVALID")],
)
def test_a_band_of_an_earlier_epoch(tmp_path, monkeypatch, losses, proof):
    monkeypatch.setattr("gradmill.benchmark.rows.loss_band", lambda cell: Band(0.1, 0.3, 2))
    lines = (session(), {"kind": "roof", **ROOF}, run(losses=losses))
    (row,) = rows_of(read_results(write(tmp_path / "a.jsonl", *lines)))
    assert row.proof == proof and "proof: the loss of epoch 2 of 4" in row.notes


def test_verdicts_come_from_rounds_that_both_have_run_in(rows):
    slowness = (1.0, 2.0, 3.0, 1.5, 1.0)
    own = [run(speed / 1.0, number=i) for i, speed in enumerate(1000 / s for s in slowness)]
    peer = [run(500 / s * (1 + i / 500), "torch", "best", number=i) for i, s in enumerate(slowness)]
    found = rows(*own, *peer[::-1])
    assert [row.engine.label for row in found] == ["gradmill", "torch (best)"]
    assert found[1].verdict == "faster" and found[1].versus.value == pytest.approx(2.0, rel=0.02)
    assert found[1].versus.width < 0.05 < found[1].speed.width
    (line,) = verdict_lines(found)
    assert line.startswith("tiny_mlp: gradmill beside torch (best): faster, 1.99 times as fast (")


def test_another_start_is_another_network(rows):
    own, peer = rows(run(), run(100.0, "jax", first_loss=2.6))
    assert own.counts and peer.proof == "INVALID"
    assert peer.notes == ["another start: the first loss is 2.6000, GradMill's 2.5000"]


def test_what_failed_has_its_reason(rows):
    bad = run(engine="mlx", error="exit code 1: ModuleNotFoundError: No module named 'mlx'")
    own, peer = rows(run(), bad)
    assert peer.speed is None and cells_of_row(peer)[2] == "no result"
    assert notes_of([own, peer])[0] == "tiny_mlp, mlx: exit code 1: ModuleNotFoundError: No module named 'mlx'"


def test_one_failure_among_results_does_not_hide_them(rows):
    (row,) = rows(run(number=0), run(number=1, error="over 5 s"), run(number=2))
    assert row.speed.repeats == 2 and not row.error


def test_energy_has_its_source_or_a_reason(rows):
    (without,) = rows(run())
    assert without.joules is None and "energy n/a: no counters" in notes_of([without])
    energy = {"joules": 96.0, "source": "RAPL", "parts": {"package-0": 96.0}}
    (row,) = rows(run(energy=energy))
    assert row.joules == pytest.approx(96.0 / (3 * CELL.samples)) and "energy from RAPL" in notes_of([row])


def test_busy_machines_are_marked(rows):
    busy = {"average": 5.0, "others": 0.5, "stolen": 0.0, "marked": True}
    (row,) = rows(run(load=busy), run(number=1, load=busy), run(number=2))
    assert cells_of_row(row)[2].endswith("*") and notes_of([row])[0].startswith("* other work")


def test_a_smaller_job_says_so(rows):
    (row,) = rows(run(cell=other_cell(batch=4, epochs=1)))
    assert row.notes == ["scaled: batch 8 -> 4, epochs 4 -> 1"]


def test_rows_as_csv(rows):
    text = csv_text(rows(run(), run(500.0, "torch")))
    header, own, peer = text.splitlines()
    columns = header.split(",")
    assert dict(zip(columns, own.split(",")))["samples_per_second"].startswith("1000")
    assert dict(zip(columns, peer.split(",")))["engine"] == "torch"


def test_comparisons_of_files(tmp_path):
    def measured(name, factor):
        lines = [run(speed * factor, number=i) for i, speed in enumerate(SPEEDS)]
        return read_results(write(tmp_path / f"{name}.jsonl", session(tag=name), *lines))

    first, same, fast, slow = (measured(str(factor), factor) for factor in (1, 1.002, 1.5, 0.5))
    found = comparison_rows([first, same, fast, slow])
    assert [each["verdict"] for each in found] == ["cannot tell", "faster", "slower"]
    assert found[1]["ratio"].value == pytest.approx(1.5)


def test_time_to_an_accuracy(rows):
    cell = other_cell(target_accuracy=0.88, epochs=5)
    (row,) = rows(run(cell=cell, accuracies=[0.8, 0.86, 0.881]))
    seconds = 3.1 * cell.samples / 1000
    assert row.proof == "ok"
    assert row.notes[-1] == f"test accuracy 0.88 after {seconds:.1f} s of training (3 epochs)"
    (row,) = rows(run(cell=cell, accuracies=[0.8, 0.87]))
    assert row.proof == "INVALID" and "was not reached in 5 epochs; the best was 0.8700" in row.notes[-1]
