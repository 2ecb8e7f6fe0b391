"""Match losses, metrics, targets and weights with the outputs of a model.

A model's outputs are one tensor, or lists, tuples and dicts of tensors. What `compile` and `fit` receive may be
written in the same structure, as a list in output order, or as a dict by output name. Here each becomes a flat list
with one entry per output, in flattened order.
"""

from typing import Any, Callable, List, Optional, Sequence

from gradmill import errors
from gradmill.utils import structure


def output_labels(y_pred: Any, output_names: Optional[Sequence[str]]) -> List[Optional[str]]:
    """Return one name per flattened output, for logs: dict keys or paths, else the model's names, else None."""
    pairs = structure.flatten_with_paths(y_pred)
    names = list(output_names or [])
    labels: List[Optional[str]] = []
    for i, (path, _) in enumerate(pairs):
        if path and any(isinstance(key, str) for key in path):
            labels.append("/".join(str(key) for key in path))
        else:
            labels.append(names[i] if len(names) == len(pairs) else None)
    return labels


def spread(
    argument: str,
    given: Any,
    y_pred: Any,
    output_names: Optional[Sequence[str]],
    is_entry: Callable[[Any, int], bool],
) -> List[Any]:
    """Return the entry of `given` for each flattened output, None where there is none.

    Args:
        argument: name of the argument, for messages.
        given: an entry for all outputs, or a list or dict of entries.
        y_pred: the outputs.
        output_names: the model's names of its flattened outputs, when it has any.
        is_entry: `is_entry(value, outputs)`: whether `value` is one entry for `outputs` outputs rather than several.

    Raises:
        ArgumentError: when `given` names an output that does not exist or has the wrong number of entries.
    """
    count = len(structure.flatten(y_pred))
    if given is None or is_entry(given, count):
        return [given] * count
    if not structure.is_nested(y_pred):
        if isinstance(given, dict):
            known = list(output_names or [])[:1]
            if len(given) == 1 and (not known or known[0] in given):
                return [next(iter(given.values()))]
            raise _unknown(argument, given, known)
        if len(given) == 1:
            return [given[0]]
        raise _wrong_count(argument, given, 1)
    if isinstance(given, dict):
        keys = list(y_pred) if isinstance(y_pred, dict) else list(output_names or [])
        if not set(given) <= set(keys) and isinstance(y_pred, dict) and set(given) <= set(output_names or []):
            return [given.get(name) for name in output_names or []]
        if not set(given) <= set(keys):
            raise _unknown(argument, given, keys)
        if isinstance(y_pred, dict):
            children = [(y_pred[key], given.get(key)) for key in structure.ordered_keys(y_pred)]
            return [e for child, item in children for e in spread(argument, item, child, None, is_entry)]
        return [given.get(name) for name in keys]
    if isinstance(y_pred, (list, tuple)) and len(given) == len(y_pred):
        pairs = zip(y_pred, given)
        return [entry for child, item in pairs for entry in spread(argument, item, child, None, is_entry)]
    if len(given) == count:
        return list(given)
    raise _wrong_count(argument, given, count)


def align(argument: str, given: Any, y_pred: Any, output_names: Optional[Sequence[str]], used: List[bool]) -> List[Any]:
    """Return the target or weight of each flattened output.

    Args:
        argument: `"y"` or `"sample_weight"`.
        given: structure of tensors.
        y_pred: the outputs.
        output_names: the model's names of its flattened outputs.
        used: for each output whether a loss needs it; a shorter flat list may leave out the others.

    Raises:
        ArgumentError: when the structures cannot be matched.
    """
    count = len(used)
    if not structure.is_nested(given):
        if given is None or count == 1 or argument == "sample_weight":
            return [given] * count
        if sum(used) == 1:
            return [given if needed else None for needed in used]
    elif isinstance(given, dict):
        names = list(y_pred) if isinstance(y_pred, dict) else list(output_names or [])
        if set(given) <= set(names) and all(not structure.is_nested(value) for value in given.values()):
            if isinstance(y_pred, dict):
                names = structure.ordered_keys(y_pred)
            return [given.get(name) for name in names]
        if isinstance(y_pred, dict) and output_names and set(given) <= set(output_names):
            return [given.get(name) for name in output_names]
    flat = structure.flatten(given)
    if len(flat) == count:
        return flat
    if len(flat) == sum(used):
        leaves = iter(flat)
        return [next(leaves) if needed else None for needed in used]
    raise errors.ArgumentError(
        f"fit: {argument} must have the structure of the model's outputs {structure.skeleton(y_pred)}; received "
        f"{structure.skeleton(given)}"
    )


def _unknown(argument: str, given: dict, known: Sequence[Any]) -> errors.ArgumentError:
    return errors.ArgumentError(
        f"compile: the keys of {argument} must be output names {sorted(map(str, known))}; received "
        f"{sorted(map(str, given))}"
    )


def _wrong_count(argument: str, given: Any, count: int) -> errors.ArgumentError:
    return errors.ArgumentError(
        f"compile: {argument} must have one entry for each of the {count} outputs; received {len(given)}"
    )
