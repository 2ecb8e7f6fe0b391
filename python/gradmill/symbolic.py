"""Symbolic tensors and the graph of operations between them: what the functional API is made of.

A `SymbolicTensor` has a shape (None where a size is unknown), a dtype and a record of the operation that made it, but
no values. Calling a layer or an op on one does not compute: it infers the outputs' shapes and links an operation node.
`gradmill.models` later walks those nodes.

This module stands below the ops, so the two things it needs from above (the table of ops, for operators such as
`x * 2`, and shape inference) are handed to it once by `connect`.
"""

from __future__ import annotations

import collections
import inspect
import re
from typing import Any, Callable, NamedTuple, Optional, Sequence

import numpy as np

from gradmill.errors import ArgumentError, InternalError, ShapeError

# Arguments of ops that are data; every other argument is a setting of the operation.
_DATA_ARGUMENTS = frozenset(
    "x x1 x2 y a b v xs inputs condition target output logits values indices updates start_indices operands key query "
    "value bias mask".split()
)

# Modules of Keras in which saved graphs seek an op's class; what stands in none of these sets is in "numpy".
_OP_MODULES = {
    "core": frozenset("cast slice slice_update scatter scatter_update stop_gradient unstack fori_loop".split()),
    "math": frozenset("segment_sum segment_max top_k in_top_k logsumexp erf erfinv rsqrt norm".split()),
    "nn": frozenset(
        "relu relu6 sigmoid sparse_sigmoid softplus softsign soft_shrink sparse_plus silu squareplus log_sigmoid "
        "leaky_relu hard_sigmoid hard_silu elu selu gelu celu glu tanh_shrink hard_tanh hard_shrink threshold softmax "
        "log_softmax sparsemax one_hot multi_hot binary_crossentropy categorical_crossentropy "
        "sparse_categorical_crossentropy dot_product_attention".split()
    ),
}

# Ops that Keras knows by two names and writes under the second.
_SHORT_NAMES = {"abs": "absolute"}

# What `flatten` and its like look into.
_NESTED = (list, tuple, dict, collections.deque)

_name_counts: dict[str, int] = collections.defaultdict(int)
_connection: dict[str, Any] = {}


def connect(ops: Any, infer_outputs: Callable) -> None:
    """Hand over the module of ops and the function that infers outputs (called once, when layers are imported)."""
    _connection.update(ops=ops, infer_outputs=infer_outputs)


def to_snake_case(name: str) -> str:
    """Return a class name as Keras writes it in automatic names ("LeakyReLU" -> "leaky_re_lu")."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(prefix: str) -> str:
    """Return `prefix`, then `prefix_1`, `prefix_2`, ... on later calls."""
    count = next_number(prefix) - 1
    return prefix if count == 0 else f"{prefix}_{count}"


def next_number(prefix: str) -> int:
    """Return 1 for a prefix, then 2, 3, ... on later calls; names count along."""
    _name_counts[prefix] += 1
    return _name_counts[prefix]


def reset_names() -> None:
    """Start automatic names again from the beginning (`gm.utils.clear_session`)."""
    _name_counts.clear()


class History(NamedTuple):
    """Where a symbolic tensor comes from."""

    operation: Any
    node_index: int
    tensor_index: int


def standardize_shape(shape: Any, name: str = "shape") -> tuple:
    """Return `shape` as a tuple of sizes and None, or raise ShapeError."""
    if isinstance(shape, (int, np.integer)):
        shape = (shape,)
    try:
        sizes = tuple(None if size is None or size == -1 and size is not True else int(size) for size in shape)
    except (TypeError, ValueError):
        raise ShapeError(f"{name}: expected a tuple of sizes; received {shape!r}; pass for example (28, 28)") from None
    if any(size is not None and size < 0 for size in sizes):
        raise ShapeError(f"{name}: expected sizes that are None or at least 0; received {tuple(shape)!r}; correct them")
    return sizes


class SymbolicTensor:
    """A placeholder with shape and dtype, as `gm.Input` returns.

    Args:
        shape: sizes; None where unknown.
        dtype: element type.
        name: label for messages; made unique when missing.

    Example:
        >>> SymbolicTensor((None, 3)).shape
        (None, 3)
    """

    _gradmill_symbolic_ = True
    __array_priority__ = 1000
    __slots__ = ("shape", "dtype", "name", "_keras_history", "_keras_mask", "_saved_history", "__weakref__")

    def __init__(self, shape: Sequence[Optional[int]], dtype: str = "float32", name: Optional[str] = None):
        self.shape = standardize_shape(shape)
        self.dtype = str(dtype)
        self.name = name or unique_name("keras_tensor")
        self._keras_history: Any = None  # a History, once something made it
        self._keras_mask: Any = None
        self._saved_history: Any = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    rank = ndim

    @property
    def size(self) -> Optional[int]:
        """Number of elements, None when a size is unknown."""
        return None if None in self.shape else int(np.prod(self.shape, dtype=np.int64))

    def astype(self, dtype: str) -> SymbolicTensor:
        """Return the tensor cast to `dtype`."""
        return record_op(_op("cast"), (self, dtype), {})

    def reshape(self, *shape: Any) -> SymbolicTensor:
        """Return the tensor with another shape."""
        return record_op(_op("reshape"), (self, shape[0] if len(shape) == 1 else shape), {})

    @property
    def T(self) -> SymbolicTensor:
        """The tensor with its axes reversed."""
        return record_op(_op("transpose"), (self,), {})

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __len__(self) -> int:
        raise ArgumentError(_no_value(self, "len()"))

    def __bool__(self) -> bool:
        raise ArgumentError(_no_value(self, "a truth value"))

    def __iter__(self) -> Any:
        raise ArgumentError(_no_value(self, "iteration"))

    def __float__(self) -> float:
        raise ArgumentError(_no_value(self, "float()"))

    def __int__(self) -> int:
        raise ArgumentError(_no_value(self, "int()"))

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ArgumentError(_no_value(self, "a NumPy array"))

    def numpy(self) -> Any:
        """Always raises: a symbolic tensor has no value."""
        raise ArgumentError(_no_value(self, ".numpy()"))

    def __getitem__(self, key: Any) -> SymbolicTensor:
        return record_op(get_item, (self, key), {})

    def __round__(self, ndigits: int = 0) -> SymbolicTensor:
        return record_op(_op("round"), (self,), {"decimals": ndigits})


def _no_value(tensor: SymbolicTensor, wanted: str) -> str:
    return (
        f"symbolic tensor {tensor.name!r} {tensor.shape}: expected an op on it; received a request for {wanted}, and a "
        "placeholder has no values; use gm.ops, or a layer's call method, which sees real tensors"
    )


def get_item(x: Any, key: Any) -> Any:
    """Return `x[key]`; a key that went through JSON has lists for tuples."""
    return x[tuple(key) if isinstance(key, list) else key]


def _op(name: str) -> Callable:
    if not _connection:
        raise InternalError("symbolic: expected connect() to have been called; import gradmill.layers first")
    return getattr(_connection["ops"], name)


def _add_operators() -> None:
    """Give SymbolicTensor the operators of a tensor, each recording the op of that name."""
    binary = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
        "mod": "mod", "pow": "power", "matmul": "matmul", "and": "logical_and", "or": "logical_or",
        "xor": "logical_xor",
    }  # fmt: skip
    compare = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "ne": "not_equal"}
    unary = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}

    def forward(op: str) -> Callable:
        return lambda self, other: record_op(_op(op), (self, other), {})

    def reverse(op: str) -> Callable:
        return lambda self, other: record_op(_op(op), (other, self), {})

    def single(op: str) -> Callable:
        return lambda self: record_op(_op(op), (self,), {})

    for operator, op in {**binary, **compare}.items():
        setattr(SymbolicTensor, f"__{operator}__", forward(op))
    for operator, op in binary.items():
        setattr(SymbolicTensor, f"__r{operator}__", reverse(op))
    for operator, op in unary.items():
        setattr(SymbolicTensor, f"__{operator}__", single(op))


_add_operators()


def is_nested(value: Any) -> bool:
    """True for lists, tuples, deques and dicts.

    Args:
        value: anything.

    Returns:
        bool.
    """
    return isinstance(value, _NESTED)


def is_symbolic(value: Any) -> bool:
    """True for a SymbolicTensor.

    Args:
        value: anything.

    Returns:
        bool.
    """
    return isinstance(value, SymbolicTensor)


is_keras_tensor = is_symbolic  # Keras's name for it


def flatten(structure: Any) -> list:
    """Return the leaves of nested lists, tuples and dictionaries (dictionaries by sorted key, an
    OrderedDict in its own order).

    Args:
        structure: nested lists, tuples and dicts.

    Returns:
        list of leaves; dicts by sorted key.
    """
    leaves: list = []
    _collect((structure,), leaves)
    return leaves


def _collect(values: Any, leaves: list) -> None:
    for value in values:
        if not isinstance(value, _NESTED):
            leaves.append(value)
        elif isinstance(value, dict):
            _collect([value[key] for key in ordered_keys(value)], leaves)
        else:
            _collect(value, leaves)


def ordered_keys(mapping: dict) -> list:
    """Return the keys of a dict in the order in which its values are flattened.

    Args:
        mapping: dict.

    Returns:
        list of keys: those of an OrderedDict in its own order, others sorted where they can be compared.
    """
    if isinstance(mapping, collections.OrderedDict):
        return list(mapping)
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def map_structure(function: Callable, structure: Any) -> Any:
    """Return the same nesting with `function` applied to every leaf.

    Args:
        function: called with each leaf.
        structure: nested lists, tuples and dicts.

    Returns:
        new structure.
    """
    if isinstance(structure, dict):
        return rebuild(structure, [map_structure(function, structure[key]) for key in ordered_keys(structure)])
    if isinstance(structure, _NESTED):
        items = [map_structure(function, each) if isinstance(each, _NESTED) else function(each) for each in structure]
        return rebuild(structure, items)
    return function(structure)


def rebuild(container: Any, items: list) -> Any:
    """Return a container like `container`, one level deep, with other items.

    Args:
        container: list, tuple, named tuple, deque or dict.
        items: in flattened order.

    Returns:
        new container; a dict keeps the order of its keys.
    """
    if isinstance(container, dict):
        found = dict(zip(ordered_keys(container), items))
        ordered = {key: found[key] for key in container}
        if isinstance(container, collections.defaultdict):
            return collections.defaultdict(container.default_factory, ordered)
        return collections.OrderedDict(ordered) if isinstance(container, collections.OrderedDict) else ordered
    if isinstance(container, list):
        return items
    if isinstance(container, collections.deque):
        return collections.deque(items, container.maxlen)
    return type(container)(*items) if hasattr(container, "_fields") else tuple(items)


def any_symbolic(*structures: Any) -> bool:
    """True when a leaf of any structure is a SymbolicTensor."""
    for value in structures:
        if isinstance(value, _NESTED):
            if value and any_symbolic(*(value.values() if isinstance(value, dict) else value)):
                return True
        elif isinstance(value, SymbolicTensor):
            return True
    return False


class Node:
    """One call of an operation on symbolic tensors: its arguments and its outputs.

    Building a node appends it to the operation's `_inbound_nodes` and writes the history of its outputs.
    """

    def __init__(self, operation: Any, args: tuple, kwargs: dict, outputs: Any):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.input_tensors = [leaf for leaf in flatten([list(args), kwargs]) if isinstance(leaf, SymbolicTensor)]
        self.output_tensors = [leaf for leaf in flatten(outputs) if isinstance(leaf, SymbolicTensor)]
        self.index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for position, tensor in enumerate(self.output_tensors):
            tensor._keras_history = History(operation, self.index, position)

    @property
    def is_input(self) -> bool:
        """True for the node of an InputLayer, which has no inputs."""
        return not self.input_tensors

    @property
    def parent_nodes(self) -> list[Node]:
        """Nodes that made this node's inputs, each once, in order."""
        parents: dict[int, Node] = {}
        for tensor in self.input_tensors:
            history = tensor._keras_history
            if history is not None:
                node = history.operation._inbound_nodes[history.node_index]
                parents.setdefault(id(node), node)
        return list(parents.values())

    def fill(self, values: dict[int, Any]) -> tuple[tuple, dict]:
        """Return args and kwargs with every symbolic tensor replaced by `values[id(tensor)]`."""

        def replace(leaf: Any) -> Any:
            return values[id(leaf)] if isinstance(leaf, SymbolicTensor) else leaf

        return tuple(map_structure(replace, each) for each in self.args), {
            key: map_structure(replace, value) for key, value in self.kwargs.items()
        }


def infer_call(function: Callable, args: tuple, kwargs: dict) -> Any:
    """Infer the outputs of `function(*args, **kwargs)` where some leaves are symbolic; no data is touched.

    Returns:
        The structure of outputs with fresh SymbolicTensors.
    """
    tensors = [leaf for leaf in flatten([list(args), kwargs]) if isinstance(leaf, SymbolicTensor)]
    positions = {id(tensor): index for index, tensor in enumerate(tensors)}

    def run(*values: Any) -> Any:
        def replace(leaf: Any) -> Any:
            return values[positions[id(leaf)]] if isinstance(leaf, SymbolicTensor) else leaf

        filled = {key: map_structure(replace, value) for key, value in kwargs.items()}
        return function(*(map_structure(replace, each) for each in args), **filled)

    if not _connection:
        raise InternalError("symbolic: expected connect() to have been called; import gradmill.layers first")
    return _connection["infer_outputs"](run, *tensors)


class FunctionOperation:
    """An op of `gm.ops` that stands in a functional graph.

    Args:
        function: the op.
        settings: the arguments that are not data (axis, keepdims, ...).
        name: label in the graph.
    """

    def __init__(self, function: Callable, settings: Optional[dict] = None, name: Optional[str] = None):
        self.function = function
        self.settings = dict(settings or {})
        op_name = _SHORT_NAMES.get(function.__name__, function.__name__)
        self.class_name = "".join(part.capitalize() for part in op_name.split("_"))
        self.module = "keras.src.ops." + next((key for key, names in _OP_MODULES.items() if op_name in names), "numpy")
        self.name = name or unique_name(op_name)
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any_symbolic(args, kwargs):
            return self._compute(*args, **kwargs)
        outputs = infer_call(self._compute, args, kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def _compute(self, *args: Any, **kwargs: Any) -> Any:
        """Call the op: `args` are its data in order, settings and named data come from where they are stored."""
        parameters = inspect.signature(self.function).parameters
        if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters.values()):
            leading = [self.settings[name] for name in parameters if name in self.settings]
            return self.function(*leading, *args, **kwargs)
        names = [name for name in parameters if name not in self.settings and name not in kwargs]
        return self.function(**dict(zip(names, args)), **self.settings, **kwargs)

    @property
    def output(self) -> Any:
        """Outputs of the first call."""
        return self._inbound_nodes[0].outputs

    def get_config(self) -> dict[str, Any]:
        """Return the settings and the name."""
        return {"name": self.name, **self.settings}

    def __repr__(self) -> str:
        return f"<FunctionOperation {self.class_name} name={self.name}>"


def record_op(function: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Record a call of an op on symbolic arguments and return its symbolic outputs.

    Args:
        function: the op; called with tensors when the model runs.
        args: positional arguments, any of which may hold symbolic tensors.
        kwargs: named arguments.

    Returns:
        Structure of SymbolicTensors.
    """
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    data: list = []
    named: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if bound.signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            data.extend(value)
        elif bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            settings.update(value)
        elif name in _DATA_ARGUMENTS and value is not None:
            data.append(value)
        elif any_symbolic(value):
            named[name] = value
        else:
            settings[name] = value
    return FunctionOperation(function, settings)(*data, **named)


def op_of_class(class_name: str) -> Optional[Callable]:
    """Return the op whose class in a saved graph has this name, or None."""
    op_name = to_snake_case(class_name)
    if op_name == "get_item":
        return get_item
    found = getattr(_connection["ops"], op_name, None)
    if found is None:
        for candidate in dir(_connection["ops"]):
            if candidate.replace("_", "") == op_name.replace("_", ""):
                found = getattr(_connection["ops"], candidate)
    return found if callable(found) else None


def make_function_operation(class_name: str, config: dict[str, Any]) -> FunctionOperation:
    """Rebuild a FunctionOperation from the class name and configuration of a saved graph.

    Raises:
        ArgumentError: no op of that name.
    """
    settings = dict(config)
    name = settings.pop("name", None)
    function = op_of_class(class_name)
    if function is None:
        raise ArgumentError(f"operation: expected the name of an op; received {class_name!r}; this op does not exist")
    return FunctionOperation(function, settings, name)
