"""Run the cells of a suite: each run of a cell on an engine is a process of its own, in random order, repeatedly."""

import json
import random
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from gradmill.benchmark import _engines
from gradmill.benchmark._engines.cell import Cell
from gradmill.benchmark._engines.processes import KEEP_FREED_MEMORY, run_once
from gradmill.benchmark.cells import differences
from gradmill.benchmark.environment import environment
from gradmill.benchmark.intervals import FEWEST_REPEATS, interval_of, median
from gradmill.benchmark.load import LoadWatch
from gradmill.benchmark.results import Results, ResultsWriter
from gradmill.errors import ArgumentError

_START = "import sys; sys.path.append({folder!r}); from _engines.{module} import {function}; {function}()"


@dataclass(frozen=True)
class Engine:
    """What runs a cell.

    Attributes:
        name: "gradmill" or a peer.
        setting: "default", or "best": the peer's settings that make it faster than it is by default.
    """

    name: str
    setting: str = "default"

    @property
    def label(self) -> str:
        """Name and setting for a reader."""
        return self.name if self.setting == "default" else f"{self.name} ({self.setting})"


def engine_command(engine: str, peer_python: str, module: str = "start", function: str = "main") -> List[str]:
    """Return the beginning of the command that runs a function of `_engines` in an engine's interpreter.

    Args:
        engine: name; GradMill runs in this interpreter.
        peer_python: the interpreter of all others.
        module: of `_engines`.
        function: of the module.
    """
    folder = str(Path(_engines.__file__).parents[1])
    python = sys.executable if engine == "gradmill" else peer_python
    return [python, "-c", _START.format(folder=folder, module=module, function=function)]


def run_cell(
    cell: Cell,
    engine: Engine,
    peer_python: str = sys.executable,
    threads: int = 0,
    pin: bool = False,
    seed: int = 0,
    limit: float = 1800.0,
    parts: int = 1,
) -> Dict[str, Any]:
    """Train a cell on an engine in a process of its own.

    Args:
        cell: what to train.
        engine: on what.
        peer_python: interpreter of engines other than GradMill.
        threads: how many it may use, 0 for its own choice.
        pin: whether the process is held to the first `threads` cores.
        seed: of weights and data.
        limit: seconds after which it is ended.
        parts: in which PyTorch trains a batch that does not fit in memory, adding their gradients.

    Returns:
        what it measured, or a dict with `error`.
    """
    best = engine.setting == "best"
    task = {
        **{"cell": cell.definition(), "engine": engine.name, "best": best},
        **{"threads": threads, "pin": pin, "seed": seed, "parts": parts},
    }
    command = [*engine_command(engine.name, peer_python), json.dumps(task)]
    return run_once(command, {**_variables(engine.name, peer_python), **(KEEP_FREED_MEMORY if best else {})}, limit)


def _variables(engine: str, peer_python: str) -> Dict[str, Optional[str]]:
    """What must change in the environment: another interpreter has modules of its own."""
    other = engine != "gradmill" and peer_python != sys.executable
    return {"PYTHONPATH": None, "PYTHONHOME": None} if other else {}


def run_inside(limit: float = 1800.0, **task: Any) -> Dict[str, Any]:
    """Look into the machine or into GradMill's plan of a cell, in a process of its own.

    Args:
        limit: seconds after which it is ended.
        task: what `inside` does: `task` is "roof" (with `seconds`) or "layers" (with `cell`, `seed`, `roof`); and
            `threads`.
    """
    return run_once([sys.executable, "-m", "gradmill.benchmark.inside", json.dumps(task)], limit=limit)


@dataclass
class SuiteOptions:
    """How a suite is run.

    Attributes:
        suite: its name.
        tag: name of this measurement.
        peers: names of peers.
        peer_python: interpreter that has them.
        threads: how many every engine may use, 0 for its own choice.
        pin: whether processes are held to the first `threads` cores.
        seed: of weights, data and the order of runs.
        time_limit: seconds after which no further repeat begins; each cell is run once at least.
        cell_limit: seconds that a single run may take.
        narrow: a cell is done when half of each interval is below this part of its figure.
        most_repeats: no cell is run more often.
        scale: part of the nominal work; the cells are scaled already.
        look_inside: whether to time the layers of each cell, too.
        roof_seconds: spent on each limit of the machine.
    """

    suite: str = "quick"
    tag: str = ""
    peers: Tuple[str, ...] = ()
    peer_python: str = sys.executable
    threads: int = 0
    pin: bool = False
    seed: int = 0
    time_limit: float = 180.0
    cell_limit: float = 120.0
    narrow: float = 0.02
    most_repeats: int = 20
    scale: float = 1.0
    look_inside: bool = True
    roof_seconds: float = 0.5


@dataclass
class _Progress:
    """What is known of a cell on an engine."""

    rates: List[float] = field(default_factory=list)
    walls: List[float] = field(default_factory=list)
    failed: bool = False


class SuiteRunner:
    """Measures cells and writes every run to a file.

    Args:
        cells: what to measure, scaled.
        options: how.
        writer: where lines go.
        before: what the file held already; its runs count.
        say: called with a line for the user after each run.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        options: SuiteOptions,
        writer: ResultsWriter,
        before: Optional[Results] = None,
        say: Callable[[str], None] = print,
    ):
        self.cells, self.options = list(cells), options
        self._writer, self._say = writer, say
        self._session = uuid.uuid4().hex[:12]
        self._order = random.Random(f"{options.seed} {self._session}")
        self.engines = [Engine("gradmill")]
        for peer in options.peers:
            self.engines += [Engine(peer), Engine(peer, "best")]
        self._known = {(cell.name, engine): _Progress() for cell in self.cells for engine in self.engines}
        self._start = time.monotonic()
        self._looked_into: Set[str] = set()
        self._roof: Optional[Dict[str, Any]] = None
        self._load(before)

    def run(self) -> None:
        """Measure everything; what is interrupted leaves all whole runs in the file.

        Raises:
            OSError: the file cannot be written.
            KeyboardInterrupt: the user has had enough.
        """
        self._writer.write(
            "session",
            session=self._session,
            time=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            suite=self.options.suite,
            tag=self.options.tag,
            options=asdict(self.options),
            cells=[cell.name for cell in self.cells],
            environment=environment(),
        )
        self._measure_roof()
        reasons = self._missing_peers()
        number = 0
        while self._measure_round(number, reasons):
            number += 1
        if self.options.look_inside:
            for cell in self.cells:
                self._look_into(cell)
        self._measure_roof()
        self._writer.write("end", session=self._session, seconds=round(time.monotonic() - self._start, 3))

    def _load(self, before: Optional[Results]) -> None:
        """Take over the runs of a file that is gone on with."""
        for run in before.runs if before else ():
            cell = next((each for each in self.cells if each.name == run["cell"]), None)
            if cell is None:
                continue
            different = differences(run["definition"], cell.definition())
            if different:
                parts = "; ".join(f"{name} was {there!r} and is {here!r} now" for name, there, here in different)
                raise ArgumentError(f"{self._writer.path}: cell {cell.name} cannot be gone on with: {parts}")
            known = self._known.get((cell.name, Engine(run["engine"], run["setting"])))
            if known is not None and "error" not in run:
                known.rates.append(rate_of(run))
                known.walls.append(run["wall"])
        self._looked_into.update(row["cell"] for row in (before.layers if before else ()))

    def _measure_roof(self) -> None:
        options = self.options
        found = run_inside(options.cell_limit, task="roof", threads=options.threads, seconds=options.roof_seconds)
        if "error" in found:
            self._say(f"the limits of the machine were not measured: {found['error']}")
            return
        self._roof = found
        self._writer.write("roof", session=self._session, **found)
        self._say(
            f"roof: {found['flops'] / 1e9:,.1f} GFLOP/s on {found['threads']} threads "
            f"({found['flops_one_thread'] / 1e9:,.1f} on one), {found['bandwidth'] / 1e9:,.1f} GB/s"
        )

    def _missing_peers(self) -> Dict[str, str]:
        """The reason why a peer cannot run, for those that cannot."""
        reasons = {}
        for peer in self.options.peers:
            command = [*engine_command(peer, self.options.peer_python, "probe"), peer]
            answer = run_once(command, _variables(peer, self.options.peer_python), self.options.cell_limit)
            if "error" in answer:
                reasons[peer] = answer["error"]
                self._say(f"{peer} is left out: {answer['error']}")
            else:
                self._say(f"{peer}: " + ", ".join(f"{name} {text}" for name, text in answer["versions"].items()))
        return reasons

    def _measure_round(self, number: int, reasons: Dict[str, str]) -> bool:
        """Run every cell that needs another repeat; False when none does, or the time is over."""
        cells = [cell for cell in self.cells if self._wants_more(cell)]
        self._order.shuffle(cells)
        ran = False
        for cell in cells:
            engines = [engine for engine in self.engines if not self._known[cell.name, engine].failed]
            if all(self._known[cell.name, engine].rates for engine in engines):
                expected = sum(median(self._known[cell.name, engine].walls) for engine in engines)
                if time.monotonic() - self._start + expected > self.options.time_limit:
                    continue
            self._order.shuffle(engines)
            for engine in engines:
                self._measure(cell, engine, number, reasons.get(engine.name))
                ran = True
        return ran

    def _wants_more(self, cell: Cell) -> bool:
        known = [self._known[cell.name, engine] for engine in self.engines]
        left = [each for each in known if not each.failed]
        if not left or min(len(each.rates) for each in left) >= self.options.most_repeats:
            return False
        return any(
            len(each.rates) < FEWEST_REPEATS or interval_of(each.rates).width > self.options.narrow for each in left
        )

    def _measure(self, cell: Cell, engine: Engine, number: int, missing: Optional[str]) -> None:
        """One process of a cell on an engine."""
        options = self.options
        watch = LoadWatch()
        if missing:
            run: Dict[str, Any] = {"error": missing}
        else:
            settings = (options.peer_python, options.threads, options.pin, options.seed, options.cell_limit)
            run = run_cell(cell, engine, *settings)
        self._writer.write(
            "run",
            session=self._session,
            round=number,
            time=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            cell=cell.name,
            engine=engine.name,
            setting=engine.setting,
            definition=cell.definition(),
            load=watch.result(run.get("processor", 0.0)),
            **run,
        )
        known = self._known[cell.name, engine]
        known.failed = "error" in run
        if known.failed:
            self._say(f"{self._clock()}{cell.name:20} {engine.label:18} no result: {run['error']}")
            return
        known.rates.append(rate_of(run))
        known.walls.append(run["wall"])
        interval = interval_of(known.rates)
        spread = f" +-{interval.width:.1%}" if interval.repeats >= FEWEST_REPEATS else ""
        self._say(f"{self._clock()}{cell.name:20} {engine.label:18} {interval.value:12,.1f} samples/s{spread}")

    def _clock(self) -> str:
        seconds = int(time.monotonic() - self._start)
        return f"[{seconds // 60:2d}:{seconds % 60:02d}] "

    def _look_into(self, cell: Cell) -> None:
        if cell.name in self._looked_into or self._roof is None or cell.target_accuracy:
            return
        roof = [self._roof["flops"], self._roof["bandwidth"]]
        task = {"task": "layers", "threads": self.options.threads, "seed": self.options.seed, "roof": roof}
        found = run_inside(self.options.cell_limit, cell=cell.definition(), **task)
        if "error" in found:
            self._say(f"{self._clock()}{cell.name:20} no times of layers: {found['error']}")
            return
        self._writer.write("layers", session=self._session, cell=cell.name, definition=cell.definition(), **found)


def rate_of(run: Dict[str, Any]) -> float:
    """Return the samples per second of one process: the median over its epochs.

    Args:
        run: a line of results.
    """
    return run["samples"] / median(run["epoch_seconds"])

