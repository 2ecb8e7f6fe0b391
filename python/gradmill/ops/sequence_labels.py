"""Labels of sequences whose places are not known: connectionist temporal classification (Graves et al. 2006)."""

from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from gradmill import _core
from gradmill.errors import ArgumentError, ShapeError
from gradmill.ops.calling import float_tensor, known_values, public_op, tensor

__all__ = ["ctc_decode", "ctc_loss"]

# In place of the logarithm of 0, whose differences would be NaN.
_NEVER = -1e5


def _added(*logarithms: Any) -> Any:
    """The logarithm of a sum of probabilities."""
    largest = logarithms[0]
    for each in logarithms[1:]:
        largest = _core.ops.maximum(largest, each)
    largest = _core.ops.stop_gradient(largest)
    total = _core.ops.exp(logarithms[0] - largest)
    for each in logarithms[1:]:
        total = total + _core.ops.exp(each - largest)
    return largest + _core.ops.log(total)


@public_op
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """Return minus the logarithm of the probability of labels, whatever the steps are that they stand at.

    Args:
        target: (batch, labels) integers.
        output: (batch, steps, classes) logits.
        target_length: (batch,): how many labels count.
        output_length: (batch,): how many steps count.
        mask_index: the class that stands for no label.

    Returns:
        (batch,) floats; about 1e5 or more where there are fewer steps than labels need.

    Raises:
        ShapeError: for shapes that do not fit each other.

    Example:
        >>> import gradmill as gm
        >>> loss = gm.ops.ctc_loss([[1]], gm.ops.zeros((1, 2, 2)), [1], [2])  # three of four ways
        >>> gm.ops.exp(-loss).numpy().round(4)
        array([0.75], dtype=float32)
    """
    labels, logits = tensor(target).astype("int32"), float_tensor(output)
    label_count, step_count = (tensor(each).astype("int32") for each in (target_length, output_length))
    batch = logits.shape[0] if logits.ndim == 3 else -1
    fits = labels.ndim == 2 and labels.shape[0] == batch
    if not fits or any(tuple(each.shape) != (batch,) for each in (label_count, step_count)):
        raise ShapeError(
            "ctc_loss: expected target (batch, labels), output (batch, steps, classes) and lengths (batch,); received "
            f"{labels.shape}, {logits.shape}, {label_count.shape} and {step_count.shape}"
        )
    logits = logits.astype("float32") if logits.dtype in ("float16", "bfloat16") else logits
    steps, labels_in_all = logits.shape[1], labels.shape[1]
    logarithms = _core.ops.log_softmax(logits, axis=-1)
    # States: no label, the first label, no label, the second, ..., no label.
    places = np.arange(2 * labels_in_all + 1)
    labels = _core.ops.concatenate([labels, labels[:, :1] * 0], axis=1)
    twice = _core.ops.gather(labels, (places // 2).astype("int32"), axis=1)
    states = _core.ops.where(places % 2 == 1, twice, mask_index)
    of_states = _core.ops.take_along_axis(
        logarithms, _core.ops.broadcast_to(
            _core.ops.reshape(states, shape=[batch, 1, len(places)]), shape=[batch, steps, len(places)]
        ), axis=2,
    )  # fmt: skip
    # From one label to the next without a stop between, unless they are equal.
    padded = _core.ops.pad(states, before=[0, 2], after=[0, 0], value=-1.0)[:, : len(places)]
    leaps = _core.ops.logical_and(places % 2 == 1, _core.ops.not_equal(states, padded))
    never = _core.tensor(_NEVER, logits.dtype)
    start = np.where(places < 2, 0.0, _NEVER).astype(logits.dtype)

    def moved(value: Any, by: int) -> Any:
        return _core.ops.pad(value, before=[0, by], after=[0, 0], value=_NEVER)[:, : len(places)]

    reached = of_states[:, 0] + start
    for step in range(1, steps):
        leapt = _core.ops.where(leaps, moved(reached, 2), never)
        found = _added(reached, moved(reached, 1), leapt) + of_states[:, step]
        reached = _core.ops.where(_core.ops.greater(_core.ops.reshape(step_count, shape=[-1, 1]), step), found, reached)
    last = _core.ops.reshape(label_count, shape=[-1, 1]) * 2
    ends = _core.ops.take_along_axis(reached, last, axis=1)
    before = _core.ops.take_along_axis(reached, _core.ops.maximum(last - 1, 0), axis=1)
    before = _core.ops.where(_core.ops.greater(last, 0), before, never)
    return -_core.ops.reshape(_added(ends, before), shape=[batch])


def _greedy(outputs: Any, lengths: Any, merges: bool, blank: int) -> Tuple[Any, Any]:
    steps = outputs.shape[1]
    beyond = _core.ops.greater_equal(np.arange(steps, dtype="int32"), _core.ops.reshape(lengths, shape=[-1, 1]))
    best = _core.ops.where(beyond, blank, _core.ops.argmax(outputs, axis=2))
    score = _core.ops.where(beyond, 0.0, _core.ops.max(outputs, axes=[2], keepdims=False))
    unused = _core.ops.equal(best, blank)
    if merges:
        before = _core.ops.pad(best, before=[0, 1], after=[0, 0], value=-1.0)[:, :steps]
        unused = _core.ops.logical_or(unused, _core.ops.equal(best, before))
    order = _core.ops.argsort(_core.ops.where(unused, steps, np.arange(steps, dtype="int32")), axis=1)
    found = _core.ops.take_along_axis(_core.ops.where(unused, -1, best), order, axis=1)
    return _core.ops.reshape(found, shape=[1, *found.shape]), -_core.ops.sum(score, axes=[1], keepdims=True)


def _beams(logarithms: np.ndarray, width: int, blank: int) -> List[Tuple[Tuple[int, ...], float]]:
    """The most probable labelings of one sequence, by a search that keeps the best beginnings."""
    beams: Dict[Tuple[int, ...], Tuple[float, float]] = {(): (0.0, -np.inf)}  # ending without a label, with one
    for step in logarithms:
        grown: Dict[Tuple[int, ...], Tuple[float, float]] = {}

        def add(path: Tuple[int, ...], silent: float, sounding: float, grown: dict = grown) -> None:
            a, b = grown.get(path, (-np.inf, -np.inf))
            grown[path] = (np.logaddexp(a, silent), np.logaddexp(b, sounding))

        for path, (silent, sounding) in beams.items():
            whole = np.logaddexp(silent, sounding)
            add(path, whole + step[blank], sounding + step[path[-1]] if path else -np.inf)
            for label in range(len(step)):
                if label != blank:
                    repeated = bool(path) and path[-1] == label
                    add((*path, label), -np.inf, (silent if repeated else whole) + step[label])
        ranked = sorted(grown.items(), key=lambda each: -np.logaddexp(*each[1]))
        beams = dict(ranked[:width])
    return [(path, float(np.logaddexp(*both))) for path, both in beams.items()]


@public_op
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: Optional[int] = 0,
) -> Tuple[Any, Any]:
    """Return the most probable labels of sequences.

    Args:
        inputs: (batch, steps, classes) logits.
        sequence_lengths: (batch,): how many steps count.
        strategy: "greedy" (the best class of each step), or "beam_search" (outside of compiled functions only).
        beam_width: how many beginnings the search keeps.
        top_paths: how many labelings to return with "beam_search".
        merge_repeated: whether equal classes in a row are one label with "greedy".
        mask_index: the class that stands for no label; None for the last one.

    Returns:
        labels (paths, batch, steps) as int32, with -1 behind them, and scores (batch, paths): for "greedy" minus the
        sum of the logits, for "beam_search" logarithms of probabilities.

    Raises:
        ArgumentError: another strategy, or more paths than the search keeps.
        ShapeError: for shapes that do not fit each other.
    """
    x, lengths = float_tensor(inputs), tensor(sequence_lengths).astype("int32")
    if x.ndim != 3 or tuple(lengths.shape) != (x.shape[0],):
        raise ShapeError(
            f"ctc_decode: expected (batch, steps, classes) and lengths (batch,); received {x.shape} and {lengths.shape}"
        )
    blank = x.shape[2] - 1 if mask_index is None else int(mask_index)
    if strategy == "greedy":
        return _greedy(x, lengths, merge_repeated, blank)
    if strategy != "beam_search" or not 1 <= top_paths <= beam_width:
        raise ArgumentError(
            "ctc_decode: expected strategy 'greedy' or 'beam_search', and top_paths from 1 to beam_width; received "
            f"{strategy!r}, {top_paths} and {beam_width}"
        )
    logarithms = known_values(_core.ops.log_softmax(x, axis=-1), "ctc_decode", "use strategy 'greedy'")
    counts = known_values(lengths, "ctc_decode", "use strategy 'greedy'")
    labels = np.full((top_paths, *x.shape[:2]), -1, "int32")
    scores = np.full((x.shape[0], top_paths), -np.inf, x.dtype)
    for sequence, count in enumerate(counts):
        for place, (path, score) in enumerate(_beams(logarithms[sequence, :count], beam_width, blank)[:top_paths]):
            labels[place, sequence, : len(path)] = path
            scores[sequence, place] = score
    return _core.tensor(labels), _core.tensor(scores)
