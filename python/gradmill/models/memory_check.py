"""Refuse a batch that cannot fit in memory before its first step, and say which would fit."""

from typing import Any, Callable, List

from gradmill import errors, tracing
from gradmill.utils.memory import available_memory_bytes, memory_text

# The need of a plan is nearly a straight line over the batch size, so a few interpolations find the border. Work that
# runs piece by piece makes small steps in that line, so a larger batch may fit as well.
_INTERPOLATIONS = 4


def check_memory(what: str, step: Callable, plan: Any, batch: List[Any]) -> None:
    """Raise when the machine has less memory left than a plan needs.

    Args:
        what: what the plan is for; begins the message.
        step: the function that was traced.
        plan: its plan, not run yet.
        batch: tensors, or `TensorSpec`s, of one batch; the first axis of the first gives the batch size.

    Raises:
        ArgumentError: it does not fit; the message names a batch that does, where one more does not.
    """
    available, needed = available_memory_bytes(), plan.missing_bytes
    if available is None or needed <= available:
        return
    size = int(batch[0].shape[0]) if batch and len(batch[0].shape) else 1
    largest = _largest_batch(step, batch, size, needed, available)
    advice = f"a batch of {largest} fits" if largest else "not even a batch of 1 fits"
    raise errors.ArgumentError(
        f"{what}: a batch of {size} needs {memory_text(needed)} of memory beside the variables; "
        f"{memory_text(available)} are available; {advice}"
    )


def plan_of_batch(step: Callable, batch: List[Any], size: int) -> Any:
    """Return the plan of a step on a batch of another size; nothing is allocated, and nothing refused.

    Args:
        step: the function that is traced.
        batch: tensors, or `TensorSpec`s, of one batch; the first axis of the first gives the batch size.
        size: the size to plan for.
    """
    return tracing.Traced(step, (_resized(batch, int(batch[0].shape[0]), size), {})).plan


def largest_batch(step: Callable, batch: List[Any], available: int, beyond: int) -> int:
    """Return the largest batch whose plan needs no more than `available` bytes beside the variables.

    Args:
        step: the function that is traced.
        batch: as in `plan_of_batch`.
        available: bytes.
        beyond: larger batches are not looked for.

    Returns:
        0 when not even one sample fits, `beyond` when all up to there do.
    """
    size = 1
    while True:
        needed = plan_of_batch(step, batch, size).missing_bytes
        if needed > available:
            return _largest_batch(step, _resized(batch, int(batch[0].shape[0]), size), size, needed, available)
        if size >= beyond:
            return beyond
        size = min(4 * size, beyond)


def _largest_batch(step: Callable, batch: List[Any], size: int, needed: int, available: int) -> int:
    """Find the border by planning steps of other batch sizes, none of which is run."""
    fits, need_of_fitting, tries = 0, 0, 0
    too_large, need_of_too_large = size, needed
    while too_large - fits > 1:
        candidate = (fits + too_large) // 2
        if tries < _INTERPOLATIONS:
            slope = max(1.0, (need_of_too_large - need_of_fitting) / (too_large - fits))
            candidate = min(max(fits + int((available - need_of_fitting) / slope), fits + 1), too_large - 1)
        tries += 1
        needed = plan_of_batch(step, batch, candidate).missing_bytes
        if needed <= available:
            fits, need_of_fitting = candidate, needed
        else:
            too_large, need_of_too_large = candidate, needed
    return fits


def _resized(batch: List[Any], size: int, other: int) -> List[Any]:
    return [
        tracing.TensorSpec((other,) + leaf.shape[1:] if leaf.shape[:1] == (size,) else leaf.shape, leaf.dtype)
        for leaf in batch
    ]
