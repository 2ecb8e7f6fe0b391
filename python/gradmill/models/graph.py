"""The graph behind a functional model: which nodes lead from inputs to outputs, and in which order they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gradmill.errors import ArgumentError
from gradmill.symbolic import Node, SymbolicTensor, flatten


class Graph(NamedTuple):
    """Nodes in an order in which they can run, and operations in Keras's order (deepest first)."""

    nodes: list[Node]
    operations: list[Any]


def node_of(tensor: SymbolicTensor) -> Node:
    """Return the node that made a symbolic tensor."""
    history = tensor._keras_history
    if history is None:
        raise ArgumentError(f"Model: expected tensors made by gm.Input or a layer; received {tensor!r}; connect it")
    return history.operation._inbound_nodes[history.node_index]


def trace_graph(inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> Graph:
    """Find what lies between inputs and outputs.

    Raises:
        ArgumentError: an output that needs an input which is not listed.
    """
    ends = {id(node_of(tensor)) for tensor in inputs}
    order, first_seen = _depth_first(outputs, ends)
    # Depth is the longest way to an output; an operation is as deep as its deepest call.
    node_depth: dict[int, int] = {}
    operation_depth: dict[int, int] = {}
    for node in reversed(order):
        depth = max(node_depth.get(id(node), 0), operation_depth.get(id(node.operation), 0))
        operation_depth[id(node.operation)] = node_depth[id(node)] = depth
        if id(node) in ends:
            continue
        for parent in node.parent_nodes:
            node_depth[id(parent)] = max(depth + 1, node_depth.get(id(parent), 0))
    for tensor in inputs:
        node = node_of(tensor)
        if id(node) not in node_depth:
            order.append(node)
            node_depth[id(node)] = operation_depth[id(node.operation)] = 0
            first_seen[id(node.operation)] = -1

    operations = {id(node.operation): node.operation for node in order}
    ranked = sorted(operations, key=lambda key: (-operation_depth[key], first_seen[key]))
    graph = Graph(sorted(order, key=lambda node: -node_depth[id(node)]), [operations[key] for key in ranked])
    _check_connected(graph, inputs)
    return graph


def _depth_first(outputs: list[SymbolicTensor], ends: set[int]) -> tuple[list[Node], dict[int, int]]:
    """Return nodes with parents before children, and the order in which operations were met from the outputs."""
    order: list[Node] = []
    first_seen: dict[int, int] = {}
    finished: set[int] = set()
    entered: set[int] = set()
    for output in outputs:
        stack = [(node_of(output), False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                finished.add(id(node))
                order.append(node)
                continue
            if id(node) in finished or id(node) in entered:
                continue
            entered.add(id(node))
            first_seen.setdefault(id(node.operation), len(first_seen))
            stack.append((node, True))
            if id(node) not in ends:
                stack.extend((node_of(tensor), False) for tensor in reversed(node.input_tensors))
    return order, first_seen


def _check_connected(graph: Graph, inputs: list[SymbolicTensor]) -> None:
    known = {id(tensor) for each in inputs for tensor in node_of(each).output_tensors}
    ends = {id(node_of(tensor)) for tensor in inputs}
    for node in graph.nodes:
        for tensor in node.input_tensors:
            if id(tensor) not in known and id(node) not in ends:
                raise ArgumentError(
                    f"Model: expected the outputs to follow from the inputs; {node.operation.name!r} needs "
                    f"{tensor.name!r}, which is not among them; add it to inputs"
                )
        if node.is_input and id(node) not in ends:
            raise ArgumentError(
                f"Model: expected every gm.Input the outputs depend on among the inputs; {node.operation.name!r} is "
                "missing; add it to inputs"
            )
        known.update(id(tensor) for tensor in node.output_tensors)


def get_source_inputs(tensor: Any) -> list:
    """Return the inputs from which a symbolic tensor follows.

    Args:
        tensor: SymbolicTensor.

    Returns:
        list of SymbolicTensors, each once, in the order in which a way back meets them; the tensor itself if nothing
        made it.

    Example:
        >>> import gradmill as gm
        >>> x = gm.Input((2,), name="x")
        >>> [each.name for each in gm.utils.get_source_inputs(gm.layers.Dense(1)(x * 2))]
        ['x']
    """
    if getattr(tensor, "_keras_history", None) is None:
        return [tensor]
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        history = tensor._keras_history
        node = None if history is None else history.operation._inbound_nodes[history.node_index]
        if node is None or node.is_input:
            found.update((id(each), each) for each in ([tensor] if node is None else node.output_tensors))
        else:
            waiting.extend(reversed(node.input_tensors))
    return list(found.values())


def replay(inputs: list[SymbolicTensor], outputs: Any, fresh: dict[int, SymbolicTensor], mapped: Any) -> None:
    """Call every operation between inputs and outputs again on other tensors.

    Args:
        inputs, outputs: the tensors between which the graph lies.
        fresh: the new tensor for the id of every input; filled with those of every tensor met.
        mapped: returns the operation to call for an operation of the graph.
    """
    for node in trace_graph(inputs, outputs).nodes:
        if all(id(tensor) in fresh for tensor in node.output_tensors):
            continue
        args, kwargs = node.fill(fresh)
        made = mapped(node.operation)(*args, **kwargs)
        leaves = [leaf for leaf in flatten(made) if isinstance(leaf, SymbolicTensor)]
        fresh.update(zip((id(tensor) for tensor in node.output_tensors), leaves))


def upgrade_call(node: Any) -> Any:
    """Turn [[layer, node, tensor, keywords], ...], a call in the form of older files, into args and kwargs."""
    if isinstance(node, Mapping):
        return node
    if isinstance(node, list) and node and isinstance(node[0], str):
        node = [node]
    if not isinstance(node, list) or not all(isinstance(each, list) and len(each) >= 3 for each in node):
        return node
    tensors = [_tensor(each) for each in node]
    keywords = node[0][3] if len(node[0]) > 3 and isinstance(node[0][3], Mapping) else {}
    return {
        "args": [tensors[0] if len(tensors) == 1 else tensors],
        "kwargs": {key: _upgrade_keyword(value) for key, value in keywords.items()},
    }


def _upgrade_keyword(value: Any) -> Any:
    is_reference = isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)
    return _tensor(value) if is_reference else value


def _tensor(reference: list[Any]) -> dict[str, Any]:
    # Shape and type are not stored; a graph is rebuilt from the reference alone.
    config = {"shape": [], "dtype": "float32", "keras_history": list(reference[:3])}
    return {"class_name": "__keras_tensor__", "config": config}
