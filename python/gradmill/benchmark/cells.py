"""The cells of the benchmark suite: to add one, add a line to `_QUICK`, `_SEEDS` or `_FULL`.

What a cell's training must end with stands in `bands.json` (see there); what other machines reached, in
`published.json`.
"""

import dataclasses
import difflib
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from gradmill.benchmark._engines.cell import Cell
from gradmill.errors import ArgumentError

_LARGE, _SMALL = (224, 224, 3), (32, 32, 3)
_SGD: Dict[str, Any] = {"optimizer": "sgd", "rate": 0.01}
_RANDOM: Dict[str, Any] = {**_SGD, "loss": "probabilities"}
_FAINT: Dict[str, Any] = {"data": "faint_images"}
_MASKS: Dict[str, Any] = {"data": "masked_images"}
_CVNET: Dict[str, Any] = {**_MASKS, "classes": 2, "optimizer": "nesterov", "rate": 0.25, "loss": "overlap"}
_TEXT: Dict[str, Any] = {"data": "tokens", "rate": 1e-5, "vocabulary": 30522}


def _images(name: str, network: str, shape: Tuple[int, ...], batch: int, steps: int, epochs: int, **more: Any) -> Cell:
    data, classes = more.pop("data", "class_images"), more.pop("classes", 10)
    return Cell(name, network, data, shape, classes, batch, steps, epochs, **more)


# A few seconds each on two cores.
_QUICK = [
    _images("mnist_mlp", "mnist_mlp", (28, 28), 32, 500, 12, **_SGD, **_FAINT),
    _images("fashion_mlp", "fashion_mlp", (28, 28), 32, 500, 12, **_FAINT),
    _images("mnist_cnn", "mnist_cnn", (28, 28, 1), 128, 5, 5, loss="probabilities"),
    _images("cifar_resnet50", "cifar_resnet50", _SMALL, 32, 4, 4, loss="one-hot", rate=1e-4),
    _images("resnet50", "resnet50", _LARGE, 4, 1, 4, classes=8, **{**_RANDOM, "rate": 0.003}),
    _images("mobilenetv2", "mobilenetv2", _LARGE, 8, 1, 6, classes=8, **_RANDOM),
    _images("squeezenet", "squeezenet1_1", _LARGE, 16, 1, 6, rate=1e-4),
    Cell("lstm", "lstm", "padded_sequences", (20, 1), 2, 64, 250, 12),
    Cell("gru", "gru", "sequences", (100, 64), 10, 32, 10, 5),
    Cell("distilbert", "distilbert", shape=(32,), classes=8, batch=8, steps=1, epochs=4, **_TEXT),
]
# The jobs of public scripts, at their sizes. Their epochs of large random batches are passes over two batches here, so
# that any memory holds them: 15 of these are one of theirs.
_SEEDS = [
    Cell("lstm_2000", "lstm", "padded_sequences", (20, 1), 2, 64, 100, 20, warm_up=0),
    _images("mnist_100", "mnist_mlp", (28, 28), 32, 1875, 100, warm_up=0, **_SGD, **_FAINT),
    _images("mnist3_12", "mnist_cnn", (28, 28, 1), 128, 469, 12, warm_up=0, loss="probabilities"),
    _images("fashion_mlp_10", "fashion_mlp", (28, 28), 32, 1875, 10, warm_up=0, **_FAINT),
    _images("resnet50_b128", "resnet50", _LARGE, 128, 2, 45, warm_up=15, classes=8, **_RANDOM),
    _images("mobilenetv2_b128", "mobilenetv2", _LARGE, 128, 2, 45, warm_up=15, classes=8, **_RANDOM),
    Cell("distilbert_b128", "distilbert", shape=(128,), classes=8, batch=128, steps=2, epochs=45, warm_up=15, **_TEXT),
    Cell("bert_large_b128", "bert_large", shape=(128,), classes=8, batch=128, steps=2, epochs=45, warm_up=15, **_TEXT),
    _images("cifar10_resnet50_10", "cifar_resnet50", _SMALL, 32, 1563, 10, warm_up=0, loss="one-hot"),
    *(
        _images(f"{name}_b{batch}", network, _LARGE, batch, 1000 // batch, 1, warm_up=0)
        for name, network in (
            *(("vgg16", "vgg16"), ("alexnet", "alexnet"), ("resnet18", "resnet18")),
            *(("mobilenet_v2", "mobilenetv2_whole"), ("efficientnet_b0", "efficientnet_b0")),
        )
        for batch in (4, 64)
    ),
]
# Some minutes each, at sizes where every engine is at its best.
_FULL = [
    _images("mnist_mlp_full", "mnist_mlp", (28, 28), 32, 1875, 10, **_SGD, **_FAINT),
    _images("fashion_mlp_full", "fashion_mlp", (28, 28), 32, 1875, 10, **_FAINT),
    _images("mnist_cnn_full", "mnist_cnn", (28, 28, 1), 128, 30, 5, loss="probabilities"),
    _images("cifar_resnet50_b32", "cifar_resnet50", _SMALL, 32, 8, 5, loss="one-hot", rate=1e-4),
    _images("cifar_resnet50_b128", "cifar_resnet50", _SMALL, 128, 3, 5, loss="one-hot", rate=1e-4),
    _images("resnet50_b16", "resnet50", _LARGE, 16, 2, 4, classes=8, **{**_RANDOM, "rate": 0.003}),
    _images("mobilenetv2_b32", "mobilenetv2", _LARGE, 32, 3, 5, classes=8, **_RANDOM),
    _images("vgg16_b16", "vgg16", _LARGE, 16, 1, 4, rate=1e-4),
    _images("resnet18_b16", "resnet18", _LARGE, 16, 3, 4),
    _images("alexnet_b16", "alexnet", _LARGE, 16, 6, 5, rate=1e-4),
    _images("efficientnet_b0_b16", "efficientnet_b0", _LARGE, 16, 4, 4),
    _images("squeezenet_b16", "squeezenet1_1", _LARGE, 16, 8, 4, rate=1e-4),
    _images("unet_b16", "unet", (128, 128, 3), 16, 4, 3, classes=3, **_MASKS),
    _images("unet_b64", "unet", (128, 128, 3), 64, 2, 2, classes=3, **_MASKS),
    _images("cvnet512_b2", "cvnet512", (512, 512, 1), 2, 2, 2, **_CVNET),
    _images("cvnet512_b4", "cvnet512", (512, 512, 1), 4, 2, 2, **_CVNET),
    Cell("lstm_full", "lstm", "padded_sequences", (20, 1), 2, 64, 500, 10),
    Cell("gru_full", "gru", "sequences", (100, 64), 10, 32, 20, 8),
    Cell("bilstm_full", "bilstm", "sequences", (100, 64), 10, 32, 20, 8),
    Cell("distilbert_b8", "distilbert", shape=(128,), classes=8, batch=8, steps=3, epochs=4, **_TEXT),
    Cell("char_gpt", "char_gpt", "characters", (128,), 64, 32, 24, 4, vocabulary=64),
    Cell("bert_large_b2", "bert_large", shape=(128,), classes=8, batch=2, steps=2, epochs=4, **_TEXT),
]
# Real images until a part of the test images is right; not part of a suite.
_TO_ACCURACY = [
    Cell("fashion_mnist_to_0.88", "fashion_mlp", "fashion_mnist", (28, 28), 10, 32, 1875, 40, 0, target_accuracy=0.88),
    Cell("cifar10_to_0.60", "resnet18", "cifar10", _SMALL, 10, 64, 781, 15, 0, target_accuracy=0.60),
]
# So small that tests can run them.
_TINY = [
    _images("tiny_mlp", "fashion_mlp", (28, 28), 8, 20, 4),
    _images("tiny_cnn", "mnist_cnn", (12, 12, 1), 4, 2, 3, loss="probabilities"),
]

SUITES: Dict[str, List[Cell]] = {"quick": _QUICK, "seeds": _SEEDS, "full": _FULL}
HIDDEN_SUITES: Dict[str, List[Cell]] = {"accuracy": _TO_ACCURACY, "tiny": _TINY}
CELLS: Dict[str, Cell] = {cell.name: cell for row in [*SUITES.values(), *HIDDEN_SUITES.values()] for cell in row}

_DATA = Path(__file__).parent
# A batch that would become a little smaller stays as it is.
_NEARLY_ALL = 0.7


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the hint that ends the message about an unknown name.

    Args:
        name: what came.
        known: what there is.

    Example:
        >>> from gradmill.benchmark.cells import nearest
        >>> nearest("quik", ["quick", "full"])
        "; did you mean 'quick'?"
    """
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def find_cells(suite: str, names: Optional[Sequence[str]] = None) -> List[Cell]:
    """Return the cells of a suite, or those that are named, of whatever suite.

    Args:
        suite: "quick", "seeds" or "full".
        names: of cells; None for all of the suite.

    Raises:
        ArgumentError: a name that is not there; the message has the nearest.

    Example:
        >>> from gradmill.benchmark.cells import find_cells
        >>> [cell.batch for cell in find_cells("quick", ["lstm"])]
        [64]
    """
    suites = {**SUITES, **HIDDEN_SUITES}
    if suite not in suites:
        raise ArgumentError(
            f"suite: expected one of {', '.join(SUITES)}; received {suite!r}{nearest(suite, list(SUITES))}"
        )
    for name in names or ():
        if name not in CELLS:
            raise ArgumentError(
                f"cells: expected some of `gradmill bench --list`; received {name!r}{nearest(name, list(CELLS))}"
            )
    return [CELLS[name] for name in names] if names else list(suites[suite])


def scaled(cell: Cell, scale: float) -> Cell:
    """Return a smaller job: fewer epochs, then fewer steps, and only then a smaller batch.

    Args:
        cell: what is measured.
        scale: part of the samples that are to be left, above 0 and at most 1.

    Raises:
        ArgumentError: another scale.

    Example:
        >>> from gradmill.benchmark.cells import CELLS, scaled
        >>> small = scaled(CELLS["resnet50_b128"], 0.01)
        >>> small.batch, small.steps, small.epochs, small.warm_up
        (128, 1, 1, 1)
    """
    if not 0 < scale <= 1:
        raise ArgumentError(f"scale: expected a number above 0 and at most 1; received {scale!r}")
    if scale == 1:
        return cell
    wanted = cell.samples * cell.epochs * scale
    epochs = max(1, min(cell.epochs, round(wanted / cell.samples)))
    steps = cell.steps if epochs > 1 else max(1, min(cell.steps, round(wanted / cell.batch)))
    batch = max(1, round(wanted / (steps * epochs)))
    batch = cell.batch if batch > _NEARLY_ALL * cell.batch else batch
    warm_up = min(cell.warm_up, max(1, round(cell.warm_up * scale)))
    return dataclasses.replace(cell, batch=batch, steps=steps, epochs=epochs, warm_up=warm_up)


def scaling_text(cell: Cell) -> str:
    """Return how a cell differs from the one of the same name in the registry, "" if it does not.

    Args:
        cell: what was measured.
    """
    nominal = CELLS.get(cell.name, cell)
    parts = differences(nominal.definition(), cell.definition())
    return ", ".join(f"{field} {there} -> {here}" for field, there, here in parts)


def differences(one: Dict[str, Any], other: Dict[str, Any]) -> List[Tuple[str, Any, Any]]:
    """Return (attribute, its value in one, its value in the other) where two definitions differ.

    Args:
        one: a definition.
        other: another one.

    Example:
        >>> from gradmill.benchmark.cells import differences
        >>> differences({"batch": 32, "steps": 1}, {"batch": 64, "steps": 1})
        [('batch', 32, 64)]
    """
    return [
        (field, one.get(field), other.get(field))
        for field in dict.fromkeys([*one, *other])
        if one.get(field) != other.get(field)
    ]


class Band(NamedTuple):
    """What the mean loss of an epoch must lie between.

    Attributes:
        low: its least value.
        high: its greatest value.
        epoch: number of the epoch, from 1; those of the warm-up count, too.
    """

    low: float
    high: float
    epoch: int


def loss_band(cell: Cell) -> Optional[Band]:
    """Return what is stored of the latest epoch that a job has; None if nothing is, for this batch and these steps.

    Args:
        cell: what is measured.

    Example:
        >>> from gradmill.benchmark.cells import CELLS, loss_band
        >>> loss_band(CELLS["mnist_mlp"]).epoch
        13
    """
    stored = json.loads((_DATA / "bands.json").read_text(encoding="utf-8"))["bands"].get(cell.name, [])
    bands = [
        Band(row["low"], row["high"], row["epoch"])
        for row in stored
        if (row["batch"], row["steps"]) == (cell.batch, cell.steps) and row["epoch"] <= cell.warm_up + cell.epochs
    ]
    return max(bands, key=lambda band: band.epoch, default=None)


def published() -> List[Dict[str, Any]]:
    """Return the published figures of other machines, each with its caveat and its source."""
    return json.loads((_DATA / "published.json").read_text(encoding="utf-8"))["figures"]
