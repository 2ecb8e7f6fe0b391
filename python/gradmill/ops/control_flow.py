"""Branches and loops over functions.

They call Python functions: in a function that is being traced, as often as is known then, which writes the loop out.
What depends on the values of tensors has no number of turns there, and is refused.
"""

import builtins
from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from gradmill import _core, symbolic
from gradmill.errors import ArgumentError, UnsupportedError
from gradmill.ops.calling import public_op, tensor
from gradmill.ops.entries import entries_of, side_by_side
from gradmill.ops.shape import concatenate, flip
from gradmill.symbolic import flatten, map_structure

__all__ = [
    "associative_scan",
    "cond",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "vectorize",
    "vectorized_map",
    "while_loop",
]

_ADVICE = "compute both sides and choose with gradmill.ops.where, or run eagerly (run_eagerly=True)"


def _known(x: Any, who: str, what: str, kind: type) -> Any:
    """The value of a number that decides which way to go."""
    if symbolic.any_symbolic(x) or (isinstance(x, _core.Tensor) and x.is_traced):
        raise UnsupportedError(f"{who}: {what} is being traced and has no value yet; {_ADVICE}")
    value = np.asarray(x)
    if value.size != 1:
        raise ArgumentError(f"{who}: expected {what} to be one value; received shape {value.shape}")
    return kind(value.reshape(()).item())


def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    """Call one of two functions.

    Args:
        pred: bool, or tensor without axes, known when this is called.
        true_fn: called without arguments if it holds.
        false_fn: called without arguments if not.

    Returns:
        what the function returns.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.cond(gm.ops.array(2) > 1, lambda: "larger", lambda: "not larger")
        'larger'
    """
    return true_fn() if _known(pred, "cond", "the condition", bool) else false_fn()


def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    """Call one of several functions.

    Args:
        index: which one, known when this is called; a number outside stands for the nearest one.
        branches: functions.
        *operands: what the function gets.

    Returns:
        what the function returns.

    Raises:
        ArgumentError: without branches.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.switch(1, [lambda x: x + 1, lambda x: x * 10], 3)
        30
    """
    if not branches:
        raise ArgumentError("switch: expected at least one branch; received none")
    number = _known(index, "switch", "the index", int)
    return branches[builtins.min(builtins.max(number, 0), len(branches) - 1)](*operands)


def while_loop(cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Optional[int] = None) -> Any:
    """Call `body` on its own results as long as `cond` of them holds.

    Args:
        cond: called with the variables of the loop; returns a bool, or a tensor without axes that is known.
        body: called with the variables; returns as many.
        loop_vars: first values: a list or tuple, or one value.
        maximum_iterations: the largest number of turns; None for no limit.

    Returns:
        last values, in a tuple if the first ones were in a list or tuple.

    Raises:
        ArgumentError: when `body` returns another number of values.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.while_loop(lambda i, total: i < 4, lambda i, total: (i + 1, total + i), (0, 0))
        (4, 6)
    """
    several = isinstance(loop_vars, (list, tuple))
    values, turns = (tuple(loop_vars) if several else (loop_vars,)), 0
    while maximum_iterations is None or turns < int(maximum_iterations):
        if not _known(cond(*values), "while_loop", "the condition", bool):
            break
        found = body(*values)
        found = tuple(found) if isinstance(found, (list, tuple)) else (found,)
        if len(found) != len(values):
            raise ArgumentError(f"while_loop: expected body to return {len(values)} values; received {len(found)}")
        values, turns = found, turns + 1
    return values if several else values[0]


def fori_loop(lower: Any, upper: Any, body_fun: Callable, init_val: Any) -> Any:
    """Call a function on its own result for every number from `lower` to before `upper`.

    Args:
        lower: first number, known when this is called.
        upper: end, not included.
        body_fun: called with the number and the value; returns the next value.
        init_val: first value.

    Returns:
        last value.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.fori_loop(1, 4, lambda i, x: x * i, 1)
        6
    """
    first, last = (_known(each, "fori_loop", "a border of the loop", int) for each in (lower, upper))
    for number in builtins.range(first, last):
        init_val = body_fun(number, init_val)
    return init_val


def scan(
    f: Callable,
    init: Any,
    xs: Any = None,
    length: Optional[int] = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> Any:
    """Carry a value along the first axis and collect what comes out.

    Args:
        f: called with (carry, entry); returns (next carry, result or None).
        init: first carry.
        xs: tensors with the entries along their first axis, or None.
        length: number of turns where `xs` is None.
        reverse: go from the last entry to the first.
        unroll: accepted for compatibility.

    Returns:
        (last carry, results in the order of the entries, or None).

    Raises:
        ArgumentError: without entries and `length`, when both differ, or for no turn at all.

    Example:
        >>> import gradmill as gm
        >>> total, sums = gm.ops.scan(lambda carry, x: (carry + x, carry + x), 0, gm.ops.array([1, 2, 3]))
        >>> int(total), sums.numpy().tolist()
        (6, [1, 3, 6])
    """
    if xs is None and length is None:
        raise ArgumentError("scan: expected xs or length; received neither")
    entries = [None] * int(length or 0) if xs is None else entries_of("scan", xs)
    turns = len(entries)
    if turns < 1 or (length is not None and int(length) != turns):
        raise ArgumentError(f"scan: expected at least one turn, and as many as entries; received {turns} and {length}")
    results: List[Any] = []
    for entry in reversed(entries) if reverse else entries:
        init, found = f(init, entry)
        results.append(found)
    if results[0] is None:
        return init, None
    return init, side_by_side(results[::-1] if reverse else results)


@public_op
def map(f: Callable, xs: Any) -> Any:
    """Return the results of a function for every entry along the first axis, side by side.

    Args:
        f: called with one entry of each tensor.
        xs: tensors with the entries along their first axis.

    Returns:
        structure of tensors like what `f` returns.

    Raises:
        ArgumentError: without entries.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.map(lambda x: x * x, gm.ops.array([1, 2, 3])).numpy()
        array([1, 4, 9], dtype=int32)
    """
    entries = entries_of("map", xs)
    if not entries:
        raise ArgumentError("map: expected at least one entry; received none")
    return side_by_side([f(entry) for entry in entries])


@public_op
def vectorized_map(function: Callable, elements: Any) -> Any:
    """Return the results of a function for every entry along the first axis, side by side; the same as `map`.

    Args:
        function: called with one entry of each tensor.
        elements: tensors with the entries along their first axis.

    Returns:
        structure of tensors like what `function` returns.
    """
    return map.eager(function, elements)


def vectorize(pyfunc: Callable, *, excluded: Any = None, signature: Optional[str] = None) -> Callable:
    """Return a function that calls `pyfunc` for every entry of its arguments, which are broadcast.

    Args:
        pyfunc: takes numbers (tensors without axes), and returns one.
        excluded: places and names of arguments that are passed on as they are.
        signature: for arguments with axes of their own, such as "(n),(n)->()".

    Returns:
        function.

    Raises:
        ArgumentError: for a signature that is none.

    Example:
        >>> import gradmill as gm
        >>> larger = gm.ops.vectorize(lambda a, b: gm.ops.maximum(a, b))
        >>> larger([1, 5], 3).numpy()
        array([3, 5], dtype=int32)
    """
    left_out = set(excluded or ())
    cores: Optional[List[int]] = None
    if signature is not None:
        left, arrow, _ = signature.replace(" ", "").partition("->")
        if not arrow or left.count("(") != left.count(")") or not left.startswith("("):
            raise ArgumentError(f"vectorize: expected a signature such as '(n),(n)->()'; received {signature!r}")
        cores = [len([name for name in part.strip("()").split(",") if name]) for part in left.split("),(")]

    def call(*args: Any, **kwargs: Any) -> Any:
        places = [i for i in builtins.range(len(args)) if i not in left_out]
        ranks = cores if cores is not None else [0] * len(places)
        if len(ranks) != len(places):
            raise ArgumentError(f"vectorize: expected {len(ranks)} arguments for {signature!r}; received {len(places)}")
        named = {key: value for key, value in kwargs.items() if key in left_out}
        vectors = {key: tensor(value) for key, value in kwargs.items() if key not in left_out}
        values = [tensor(args[i]) for i in places]
        loops = [value.shape[: value.ndim - rank] for value, rank in zip(values, ranks)]
        shape = np.broadcast_shapes(*loops, *(each.shape for each in vectors.values()))
        count = int(np.prod(shape, dtype=np.int64))
        if count == 0:
            raise ArgumentError("vectorize: expected arguments that are not empty")

        def spread(value: Any, rank: int) -> Any:
            core = list(value.shape[value.ndim - rank :])
            return _core.ops.reshape(_core.ops.broadcast_to(value, shape=[*shape, *core]), shape=[count, *core])

        columns = [spread(value, rank) for value, rank in zip(values, ranks)]
        keyed = {key: spread(value, 0) for key, value in vectors.items()}
        results = []
        for number in builtins.range(count):
            arguments = list(args)
            for place, column in zip(places, columns):
                arguments[place] = column[number]
            entries = {key: column[number] for key, column in keyed.items()}
            results.append(map_structure(tensor, pyfunc(*arguments, **entries, **named)))
        columns = side_by_side(results)
        return map_structure(lambda each: _core.ops.reshape(each, shape=[*shape, *each.shape[1:]]), columns)

    return call


@public_op
def associative_scan(f: Callable, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Combine all entries up to each one with an associative function, in a logarithmic number of calls.

    Args:
        f: called with two structures of slices along `axis`; returns their combination, entry by entry.
        elems: tensors with the entries along `axis`.
        reverse: combine from the end.
        axis: axis of the entries.

    Returns:
        structure like `elems`.

    Raises:
        ArgumentError: when the tensors have different numbers of entries.

    Example:
        >>> import gradmill as gm
        >>> gm.ops.associative_scan(lambda a, b: a + b, gm.ops.array([1, 2, 3, 4])).numpy()
        array([ 1,  3,  6, 10], dtype=int32)
    """
    elems = map_structure(tensor, elems)
    leaves = flatten(elems)
    sizes = {leaf.shape[axis] for leaf in leaves}
    if len(sizes) != 1:
        raise ArgumentError(f"associative_scan: expected one number of entries along {axis}; received {sorted(sizes)}")
    size, distance = sizes.pop(), 1

    def cut(structure: Any, begin: int, end: int) -> Any:
        def one(leaf: Any) -> Any:
            place = axis % leaf.ndim
            return leaf[(*[slice(None)] * place, slice(begin, end))]

        return map_structure(one, structure)

    def turned(structure: Any) -> Any:
        return map_structure(lambda leaf: flip.eager(leaf, axis), structure)

    # After the step with distance d each place holds the combination of the last 2 d entries (Hillis and Steele 1986).
    elems = turned(elems) if reverse else elems
    while distance < size:
        combined = f(cut(elems, 0, size - distance), cut(elems, distance, size))
        head, tail = flatten(cut(elems, 0, distance)), iter(flatten(combined))
        joined = iter([concatenate.eager([each, next(tail)], axis % each.ndim) for each in head])
        elems = map_structure(lambda _, joined=joined: next(joined), elems)
        distance *= 2
    return turned(elems) if reverse else elems
