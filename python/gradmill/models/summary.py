"""The table that `Model.summary` prints, as plain text and as HTML."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Sequence

from gradmill.errors import ArgumentError
from gradmill.symbolic import map_structure
from gradmill.utils.lazy import LazyModule

if TYPE_CHECKING:
    import html
    import shutil
else:
    html = LazyModule("html")
    shutil = LazyModule("shutil")

_ITEM_BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "uint32": 4}
_HALF_BYTES = ("bfloat16", "float16", "int16", "uint16")


class Row(NamedTuple):
    """One layer: the cells of its line."""

    name: str
    shape: str
    parameters: str
    connected: str
    trainable: str


def count_params(variables: Sequence[Any]) -> int:
    """Return the number of scalars in variables."""
    return sum(math.prod(variable.shape) for variable in variables)


def _bytes(variables: Sequence[Any]) -> int:
    sizes = ((str(variable.dtype), math.prod(variable.shape)) for variable in variables)
    return sum(count * _ITEM_BYTES.get(dtype, 2 if dtype in _HALF_BYTES else 1) for dtype, count in sizes)


def _readable(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if count < 1024 or unit == "TB":
            return f"{count:.2f} {unit}"
        count /= 1024
    return ""


def totals(model: Any) -> list[tuple[str, str]]:
    """Return the lines below the table as pairs of label and value."""
    trainable, other = model.trainable_weights, model.non_trainable_weights
    optimizer = getattr(model, "optimizer", None)
    extra = list(optimizer.variables) if optimizer is not None and getattr(model, "compiled", False) else []
    groups = [
        ("Total params", trainable + other + extra),
        ("Trainable params", trainable),
        ("Non-trainable params", other),
    ]
    if extra:
        groups.append(("Optimizer params", extra))
    return [(label, f"{count_params(each):,} ({_readable(_bytes(each))})") for label, each in groups]


def rows_of(
    model: Any, expand_nested: bool = False, layer_range: Optional[Sequence[str]] = None, indent: int = 0
) -> list[Row]:
    """Return the rows of a model's layers.

    Raises:
        ArgumentError: a layer range that names no layer.
    """
    operations = getattr(model, "operations", None)
    layers = list(operations) if operations is not None else list(model.layers)
    if layer_range is not None:
        layers = _cut(layers, layer_range)
    rows = []
    for layer in layers:
        prefix = "└─ " * min(indent, 1) if indent < 2 else "   " * (indent - 1) + "└─ "
        rows.append(_row(layer, model, prefix))
        if expand_nested and getattr(layer, "layers", None):
            rows.extend(rows_of(layer, True, None, indent + 1))
    return rows


def _row(layer: Any, model: Any, prefix: str) -> Row:
    kind = getattr(layer, "class_name", None) or type(layer).__name__
    weights = getattr(layer, "weights", [])
    if getattr(layer, "built", True) or weights:
        parameters = f"{count_params(weights):,}"
    else:
        parameters = "0 (unbuilt)"
    trainable = "-" if not weights else "Y" if layer.trainable else "N"
    return Row(f"{prefix}{layer.name} ({kind})", _shape_text(layer), parameters, _connections(layer, model), trainable)


def _shape_text(layer: Any) -> str:
    nodes = getattr(layer, "_inbound_nodes", [])
    if not nodes:
        return "?"
    shapes = map_structure(lambda tensor: str(tuple(tensor.shape)), nodes[-1].outputs)
    return shapes if isinstance(shapes, str) else str(shapes).replace("'", "").replace('"', "")


def _connections(layer: Any, model: Any) -> str:
    own = getattr(model, "_node_ids", None)
    parts = []
    for node in getattr(layer, "_inbound_nodes", []):
        if own is None or id(node) in own:
            for tensor in node.input_tensors:
                history = tensor._keras_history
                parts.append(f"{history.operation.name}[{history.node_index}][{history.tensor_index}]")
    return ", ".join(parts) or "-"


def _cut(layers: list, layer_range: Sequence[str]) -> list:
    if len(layer_range) != 2:
        raise ArgumentError(
            f"summary: expected layer_range to be [first, last]; received {layer_range!r}; pass two names"
        )
    places = [
        [index for index, layer in enumerate(layers) if layer.name == pattern or re.fullmatch(pattern, layer.name)]
        for pattern in layer_range
    ]
    if not places[0] or not places[1]:
        raise ArgumentError(f"summary: expected layer_range to name layers; received {layer_range!r}; see model.layers")
    return layers[min(places[0]) : max(places[1]) + 1]


def _is_chain(model: Any) -> bool:
    """True when every layer follows from the one before, so that no column of connections is needed."""
    operations = getattr(model, "operations", None)
    if operations is None:
        return True
    own = model._node_ids
    for index, operation in enumerate(operations):
        nodes = [node for node in operation._inbound_nodes if id(node) in own]
        inputs = [tensor for node in nodes for tensor in node.input_tensors]
        if len(nodes) > 1 or len(inputs) > 1:
            return False
        if index and (not inputs or inputs[0]._keras_history.operation is not operations[index - 1]):
            return False
    return True


def _columns(model: Any, show_trainable: bool) -> list[tuple[str, str, bool, float]]:
    """Return header, field of Row, alignment to the right and share of the width for each column."""
    columns = [
        ("Layer (type)", "name", False, 0.45),
        ("Output Shape", "shape", False, 0.33),
        ("Param #", "parameters", True, 0.2),
    ]
    if not _is_chain(model):
        columns = [(*column[:3], share) for column, share in zip(columns, (0.3, 0.27, 0.17))]
        columns.append(("Connected to", "connected", False, 0.26))
    if show_trainable:
        columns.append(("Trai…", "trainable", False, 0.08))
    return columns


def _wrap(text: str, width: int) -> list[str]:
    """Break a cell into lines, at spaces where it can be."""
    lines, line = [], ""
    for word in text.split(" "):
        while len(word) > width:
            if line:
                lines.append(line)
                line = ""
            lines.append(word[: width - 1] + "…" if not word.endswith(",") else word[:width])
            word = "" if not word.endswith(",") else word[width:]
        candidate = f"{line} {word}".strip() if line else word
        if len(candidate) > width:
            lines.append(line)
            candidate = word
        line = candidate
    if line or not lines:
        lines.append(line)
    return lines


def to_text(
    model: Any,
    line_length: Optional[int] = None,
    positions: Optional[Sequence[float]] = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Optional[Sequence[str]] = None,
) -> str:
    """Return the table as text drawn with lines; see `Model.summary` for the arguments."""
    rows = rows_of(model, expand_nested, layer_range)
    columns = _columns(model, show_trainable)
    length = line_length or min(max(shutil.get_terminal_size((80, 24)).columns - 1, 60), 100)
    shares = [column[3] for column in columns]
    if positions is not None:
        ends = [position if position <= 1 else position / length for position in positions[: len(columns)]]
        shares = [end - start for start, end in zip([0.0, *ends], ends)]
    usable = length - 3 * len(columns) - 1
    widths = [max(5, int(usable * share / sum(shares))) for share in shares]

    def line(left: str, fill: str, middle: str, right: str) -> str:
        return left + middle.join(fill * (width + 2) for width in widths) + right

    def cells(texts: Sequence[str], bar: str) -> list[str]:
        wrapped = [_wrap(text, width) for text, width in zip(texts, widths)]
        drawn = []
        for index in range(max(map(len, wrapped))):
            parts = [each[index] if index < len(each) else "" for each in wrapped]
            aligned = [
                part.rjust(width) if column[2] else part.ljust(width)
                for part, width, column in zip(parts, widths, columns)
            ]
            drawn.append(f"{bar} " + f" {bar} ".join(aligned) + f" {bar}")
        return drawn

    text = [f'Model: "{model.name}"', line("┏", "━", "┳", "┓"), *cells([column[0] for column in columns], "┃")]
    text.append(line("┡", "━", "╇", "┩"))
    for index, row in enumerate(rows):
        if index:
            text.append(line("├", "─", "┼", "┤"))
        text.extend(cells([getattr(row, column[1]) for column in columns], "│"))
    text.append(line("└", "─", "┴", "┘"))
    text.extend(f" {label}: {value}" for label, value in totals(model))
    return "\n".join(text)


def to_html(model: Any) -> str:
    """Return the table as HTML, for notebooks."""
    columns = _columns(model, show_trainable=False)
    head = "".join(f"<th>{html.escape(column[0])}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(getattr(row, column[1]))}</td>" for column in columns) + "</tr>"
        for row in rows_of(model)
    )
    below = "<br>".join(f"{html.escape(label)}: {html.escape(value)}" for label, value in totals(model))
    title = f"<b>Model: {html.escape(model.name)}</b>"
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"
