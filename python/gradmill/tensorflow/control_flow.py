"""Control flow: functions that call functions of the user's."""

from __future__ import annotations

from typing import Any, Callable, Optional

from gradmill import ops
from gradmill.errors import ArgumentError
from gradmill.ops.entries import entries_of, side_by_side
from gradmill.symbolic import map_structure


def cond(pred: Any, true_fn: Callable, false_fn: Callable, name: Any = None) -> Any:
    """`tf.cond`: call one of two functions; a condition that is compiled needs tf.where instead."""
    return ops.cond(pred, true_fn, false_fn)


def while_loop(
    cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Optional[int] = None, **_: Any
) -> Any:
    """`tf.while_loop`: call `body` on the loop's variables as long as `cond` of them holds."""
    first = [map_structure(ops.convert_to_tensor, each) for each in loop_vars]
    return list(ops.while_loop(cond, body, first, maximum_iterations))


def map_fn(fn: Callable, elems: Any, dtype: Any = None, fn_output_signature: Any = None, **_: Any) -> Any:
    """`tf.map_fn`: the results of a function for each entry along the first axis, side by side."""
    return ops.map(fn, elems)


def foldl(fn: Callable, elems: Any, initializer: Any = None, **_: Any) -> Any:
    """`tf.foldl`: a function of what came out before and the next entry along the first axis, from the first on."""
    return _folded(fn, entries_of("tf.foldl", elems), initializer)[-1]


def foldr(fn: Callable, elems: Any, initializer: Any = None, **_: Any) -> Any:
    """`tf.foldr`: the same from the last entry on."""
    return _folded(fn, entries_of("tf.foldr", elems)[::-1], initializer)[-1]


def scan(fn: Callable, elems: Any, initializer: Any = None, reverse: bool = False, **_: Any) -> Any:
    """`tf.scan`: the results of `tf.foldl` after each entry, side by side."""
    entries = entries_of("tf.scan", elems)[:: -1 if reverse else 1]
    results = _folded(fn, entries, initializer)
    if len(results) > len(entries):
        results = results[1:]
    return side_by_side(results[:: -1 if reverse else 1])


def _folded(fn: Callable, entries: list, initializer: Any) -> list:
    results = [map_structure(ops.convert_to_tensor, initializer)] if initializer is not None else [entries[0]]
    for entry in entries if initializer is not None else entries[1:]:
        results.append(fn(results[-1], entry))
    return results


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: Any = None
) -> Any:
    """`tf.case`: call the function of the first condition that holds; compiled conditions need tf.where instead."""
    for condition, function in pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs:
        if bool(condition):
            return function()
    if default is None:
        raise ArgumentError("tf.case: expected a condition that holds, or a default; received neither")
    return default()


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: Any = None) -> Any:
    """`tf.switch_case`: call the function with this number; the last, or `default`, for numbers that have none."""
    functions = (
        dict(branch_fns)
        if isinstance(branch_fns, dict) or isinstance(branch_fns[0], tuple)
        else dict(enumerate(branch_fns))
    )
    return functions.get(int(branch_index), default or functions[max(functions)])()


CONTROL_FLOW: dict[str, Callable] = {each.__name__: each for each in (
    case, cond, foldl, foldr, map_fn, scan, switch_case, while_loop,
)}  # fmt: skip
