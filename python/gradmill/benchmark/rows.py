"""One row for each cell and engine, made of the runs of a file."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from gradmill.benchmark._engines.cell import Cell
from gradmill.benchmark.cells import Band, loss_band, scaling_text
from gradmill.benchmark.intervals import Interval, interval_of, median, ratio_of, verdict
from gradmill.benchmark.results import Results
from gradmill.benchmark.suite import Engine, rate_of

# First losses of engines agree to rounding when weights, data and network are the same.
_SAME_START = 0.02


@dataclass
class Row:
    """What a cell on an engine has reached.

    Attributes:
        cell: what was measured.
        engine: on what.
        source: label of the file.
        speed: samples per second, None if there is no result.
        proof: "ok", "INVALID" or "no band".
        loss: of the last epoch; the median over the runs, None if one of them is no number.
        band: what it, or that of an epoch before, must lie between.
        peak_bytes: most memory of the process.
        planned_bytes: memory of GradMill's plan.
        flops: operations a second by the direct method.
        share: of the roof: the time that the machine's limits would allow over the time that was taken.
        share_of_peak: `flops` over the peak.
        share_carried_out: the same without what Winograd's method saves.
        joules: energy of one sample.
        energy: source of `joules`, or the reason why there is none.
        versus: how many times as fast as GradMill, which ran in turn with it, this engine is: None for GradMill.
        verdict: whether GradMill is "faster", "slower", or "cannot tell".
        seconds: of the whole training, with warm-up.
        marked: parts of the runs that shared the machine with other work.
        error: why there is no result.
        notes: what a reader must know.
        runs: the lines behind the row.
    """

    cell: Cell
    engine: Engine
    source: str
    speed: Optional[Interval] = None
    proof: str = "no band"
    loss: Optional[float] = None
    band: Optional[Band] = None
    peak_bytes: Optional[float] = None
    planned_bytes: Optional[int] = None
    flops: Optional[float] = None
    share: Optional[float] = None
    share_of_peak: Optional[float] = None
    share_carried_out: Optional[float] = None
    joules: Optional[float] = None
    energy: str = ""
    versus: Optional[Interval] = None
    verdict: str = ""
    seconds: Optional[float] = None
    marked: float = 0.0
    error: str = ""
    notes: List[str] = field(default_factory=list)
    runs: List[Dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        """Whether the row may be compared: it has a result that is not INVALID."""
        return self.speed is not None and self.proof != "INVALID"


def rows_of(results: Results) -> List[Row]:
    """Return the rows of a file, in the order of its cells, GradMill's first.

    Args:
        results: what the file holds.
    """
    groups: Dict[Tuple[str, Engine], List[Dict[str, Any]]] = {}
    for run in results.runs:
        groups.setdefault((run["cell"], Engine(run["engine"], run["setting"])), []).append(run)
    names = dict.fromkeys(name for session in results.sessions for name in session["cells"])
    order = {name: i for i, name in enumerate(names)}
    keys = sorted(groups, key=lambda key: (order.get(key[0], len(order)), key[1].name != "gradmill"))
    rows = [_row(results, *key, groups[key]) for key in keys]
    own = {row.cell.name: row for row in rows if row.engine.name == "gradmill"}
    for row in rows:
        _compare(row, own.get(row.cell.name), results.roof)
    return rows


def _row(results: Results, _: str, engine: Engine, runs: List[Dict[str, Any]]) -> Row:
    """What the runs say by themselves."""
    cell = Cell.from_definition(runs[-1]["definition"])
    row = Row(cell, engine, results.label, runs=runs)
    done = [run for run in runs if "error" not in run]
    if scaling_text(cell):
        row.notes.append(f"scaled: {scaling_text(cell)}")
    if not done:
        row.error = runs[-1]["error"]
        return row
    row.speed = interval_of([rate_of(run) for run in done])
    losses = [run["losses"][-1] for run in done]
    row.loss = None if None in losses else median(losses)
    row.band = loss_band(cell)
    epochs = len(done[-1]["losses"])
    if cell.target_accuracy:
        row.proof = _judge_accuracy(row, done)
    else:
        row.proof = _proof([run["losses"] for run in done], row.band)
    if row.band and row.band.epoch < epochs:
        row.notes.append(f"proof: the loss of epoch {row.band.epoch} of {epochs}")
    row.peak_bytes = median([run["peak_bytes"] for run in done])
    row.planned_bytes = done[-1].get("planned_bytes")
    row.seconds = median([sum(run["warm_up_seconds"]) + sum(run["epoch_seconds"]) for run in done])
    row.marked = sum(run["load"]["marked"] for run in done) / len(done)
    measured = [run for run in done if run["energy"]["joules"] is not None]
    if measured:
        row.joules = median([run["energy"]["joules"] / (cell.samples * len(run["epoch_seconds"])) for run in measured])
        row.energy = measured[-1]["energy"]["source"]
    else:
        row.energy = done[-1]["energy"]["reason"]
    return row


def _judge_accuracy(row: Row, runs: List[Dict[str, Any]]) -> str:
    """Note how long training took until enough test images were right."""
    target = row.cell.target_accuracy
    reached = [run for run in runs if run["accuracies"][-1] >= target]
    if len(reached) < len(runs):
        best = max(max(run["accuracies"]) for run in runs)
        epochs = row.cell.epochs
        row.notes.append(f"test accuracy {target:g} was not reached in {epochs} epochs; the best was {best:.4f}")
        return "INVALID"
    seconds = median([sum(run["epoch_seconds"]) for run in reached])
    joules = [run["energy"]["joules"] for run in reached if run["energy"]["joules"] is not None]
    energy = f", {median(joules):,.0f} J" if joules else ""
    count = median([len(run["accuracies"]) for run in reached])
    row.notes.append(f"test accuracy {target:g} after {seconds:.1f} s of training ({count:g} epochs){energy}")
    return "ok"


def _proof(runs: List[List[Optional[float]]], band: Optional[Band]) -> str:
    """Every run, given by the losses of its epochs, must have learned what it should; None stands for no number."""
    if any(losses[-1] is None for losses in runs):
        return "INVALID"
    return "no band" if band is None else "ok" if all(_lies_in(band, losses) for losses in runs) else "INVALID"


def _lies_in(band: Band, losses: List[Optional[float]]) -> bool:
    """Whether a run was where it should be, and has not gone back since."""
    then, last = losses[band.epoch - 1], losses[-1]
    return then is not None and last is not None and band.low <= then <= band.high and last <= band.high


def _compare(row: Row, own: Optional[Row], roof: Optional[Dict[str, Any]]) -> None:
    """Add what follows from GradMill's row and the machine's limits."""
    if row.speed is None or own is None or own.speed is None:
        return
    ours = next(run for run in reversed(own.runs) if "error" not in run)
    steps = row.speed.value / row.cell.batch
    row.flops = ours["step_flops"] * steps
    if roof:
        row.share_of_peak = row.flops / roof["flops"]
        row.share = steps * max(ours["step_kernel_flops"] / roof["flops"], ours["step_bytes"] / roof["bandwidth"])
    if row is own:
        if roof:
            row.share_carried_out = ours["step_kernel_flops"] * steps / roof["flops"]
        return
    theirs = next(run for run in reversed(row.runs) if "error" not in run)
    start, own_start = theirs["first_loss"], ours["first_loss"]
    if start is None or own_start is None or abs(start / own_start - 1) > _SAME_START:
        row.proof = "INVALID"
        row.notes.append(f"another start: the first loss is {_number(start)}, GradMill's {_number(own_start)}")
    if row.counts and own.counts:
        row.versus = ratio_of(*_in_turn(own.runs, row.runs))
        row.verdict = verdict(row.versus)


def _number(loss: Optional[float]) -> str:
    return "no number" if loss is None else f"{loss:.4f}"


def _in_turn(ours: List[Dict[str, Any]], theirs: List[Dict[str, Any]]) -> Tuple[List[float], List[float]]:
    """The speeds of the rounds that both have run in; all, in their order, if there are none."""

    def by_round(runs: List[Dict[str, Any]]) -> Dict[Tuple[str, int], float]:
        return {(run["session"], run["round"]): rate_of(run) for run in runs if "error" not in run}

    one, other = by_round(ours), by_round(theirs)
    common = [key for key in one if key in other]
    if not common:
        return list(one.values()), list(other.values())
    return [one[key] for key in common], [other[key] for key in common]
