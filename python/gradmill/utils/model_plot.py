"""A drawing of a model's layers and of what flows between them."""

from __future__ import annotations

import importlib
import os
from typing import Any, NamedTuple, Optional

from gradmill import errors
from gradmill.symbolic import flatten

_MOST_DOTS = 30_000  # along a side of the picture
_LINE_INCHES, _LETTER_INCHES, _GAP_INCHES, _FONT_POINTS = 0.17, 0.085, 0.35, 9


class Box(NamedTuple):
    """One layer or op of the drawing.

    Attributes:
        lines: text.
        level: how many boxes lie before it on its longest way from an input.
        parents: places in the list of the boxes before it.
    """

    lines: list[str]
    level: int
    parents: list[int]


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """Draw a built model into a file; needs matplotlib.

    Args:
        model: a functional or Sequential model; any other is drawn as one box.
        to_file: the file; its ending says which kind (png, pdf, svg).
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: what boxes say beside the
            layer's class.
        rankdir: "TB" from the top down, "LR" from left to right.
        expand_nested: accepted; models within a model are single boxes.
        dpi: dots for an inch; fewer where a side would take more than 30,000 of them.

    Returns:
        the picture in a notebook, else None.

    Raises:
        ArgumentError: an unbuilt model, or another `rankdir`.
        UnsupportedError: matplotlib is not installed.

    Reference: Keras 3, `keras.utils.plot_model` (2023), which needs Graphviz.

    Example:
        >>> import gradmill as gm
        >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2)])
        >>> gm.utils.plot_model(model, "model.png", show_shapes=True)  # doctest: +SKIP
    """
    _check_drawable("plot_model", model, rankdir)
    options = {
        "shapes": show_shapes, "dtype": show_dtype, "names": show_layer_names, "activations": show_layer_activations,
        "trainable": show_trainable,
    }  # fmt: skip
    figure = _draw(boxes_of(model, **options), rankdir == "LR")
    path = os.fspath(to_file)
    figure.savefig(path, dpi=min(dpi, _MOST_DOTS / max(figure.get_size_inches())), bbox_inches="tight", pad_inches=0.1)
    return _picture(path)


class Dot:
    """A drawing as text in the language of Graphviz, which draws it: `dot -Tpng model.dot -o model.png`.

    Args:
        text: the drawing.

    Example:
        >>> from gradmill.utils.model_plot import Dot
        >>> Dot("digraph {}").to_string()
        'digraph {}'
    """

    def __init__(self, text: str):
        self._text = text

    def to_string(self) -> str:
        """Return the text."""
        return self._text

    def write(self, path: Any) -> None:
        """Write the text into a file.

        Args:
            path: where to.
        """
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._text)

    def __str__(self) -> str:
        return self._text


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Dot:
    """Return a model's drawing in the language of Graphviz; no further package is needed.

    Args:
        model: a built functional or Sequential model; any other is one box.
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: what boxes say beside the
            layer's class.
        rankdir: "TB" from the top down, "LR" from left to right.
        expand_nested: accepted; models within a model are single boxes.
        dpi: dots for an inch of a picture.
        subgraph: whether it will be put into another drawing.

    Returns:
        `Dot`, with `to_string()` and `write(path)`.

    Raises:
        ArgumentError: an unbuilt model, or another `rankdir`.

    Example:
        >>> import gradmill as gm
        >>> model = gm.Sequential([gm.Input((4,)), gm.layers.Dense(2, name="last")])
        >>> print(gm.utils.model_to_dot(model).to_string().splitlines()[-2])
          box0 -> box1;
    """
    _check_drawable("model_to_dot", model, rankdir)
    options = {
        "shapes": show_shapes, "dtype": show_dtype, "names": show_layer_names, "activations": show_layer_activations,
        "trainable": show_trainable,
    }  # fmt: skip
    boxes = boxes_of(model, **options)
    name = '"cluster_' + model.name + '"'
    lines = [f"subgraph {name} {{" if subgraph else "digraph {", f"  graph [dpi={dpi}, rankdir={rankdir}];"]
    lines.append("  node [shape=box];")
    for place, box in enumerate(boxes):
        text = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in box.lines)
        lines.append(f'  box{place} [label="{text}"];')
    lines += [f"  box{parent} -> box{place};" for place, box in enumerate(boxes) for parent in box.parents]
    return Dot("\n".join([*lines, "}"]) + "\n")


def _check_drawable(name: str, model: Any, rankdir: str) -> None:
    if rankdir not in ("TB", "LR"):
        raise errors.ArgumentError(f"{name}: rankdir must be 'TB' or 'LR'; received {rankdir!r}")
    if not model.built:
        raise errors.ArgumentError(
            f"{name}: expected a built model; {model.name!r} is not; call it on data, build() or fit() it first"
        )


def boxes_of(model: Any, **options: bool) -> list[Box]:
    """Return the boxes of a model's drawing, those of inputs first.

    Args:
        model: a built model.
        **options: which of "shapes", "dtype", "names", "activations", "trainable" are told.
    """
    graph = getattr(model, "_functional", None) or model
    nodes = getattr(graph, "_nodes", None)
    if nodes is None:
        return [Box(_lines(model, [], [], options), 0, [])]
    places = {id(node): place for place, node in enumerate(nodes)}
    parents = [[places[id(parent)] for parent in node.parent_nodes if id(parent) in places] for node in nodes]
    levels: dict[int, int] = {}

    def level(place: int) -> int:
        waiting = [place]
        while waiting:
            top = waiting[-1]
            open_parents = [parent for parent in parents[top] if parent not in levels]
            if open_parents:
                waiting += open_parents
            else:
                levels[waiting.pop()] = 1 + max((levels[parent] for parent in parents[top]), default=-1)
        return levels[place]

    return [
        Box(_lines(node.operation, node.input_tensors, node.output_tensors, options), level(place), parents[place])
        for place, node in enumerate(nodes)
    ]


def _lines(layer: Any, inputs: list, outputs: list, options: dict[str, bool]) -> list[str]:
    kind = type(layer).__name__
    head = f"{layer.name} ({kind})" if options.get("names") else kind
    activation = getattr(layer, "activation", None)
    if options.get("activations") and activation is not None:
        head += f", {getattr(activation, '__name__', type(activation).__name__)}"
    lines = [head]
    if options.get("shapes"):
        if inputs:
            lines.append("in: " + ", ".join(str(tuple(each.shape)) for each in inputs))
        lines.append("out: " + ", ".join(str(tuple(each.shape)) for each in flatten(outputs)))
    if options.get("dtype"):
        lines.append(", ".join(str(each.dtype) for each in outputs))
    if options.get("trainable") and getattr(layer, "weights", None):
        lines.append("trainable" if layer.trainable else "not trainable")
    return lines


def plotting_module(who: str, name: str) -> Any:
    """Return a module of matplotlib.

    Args:
        who: the function that draws, for the message.
        name: of the module, without "matplotlib.".

    Raises:
        UnsupportedError: matplotlib is not installed.
    """
    try:
        return importlib.import_module(f"matplotlib.{name}")
    except ImportError:
        raise errors.UnsupportedError(f"{who}: drawing needs matplotlib; pip install matplotlib") from None


def _draw(boxes: list[Box], sideways: bool) -> Any:
    figures, patches = plotting_module("plot_model", "figure"), plotting_module("plot_model", "patches")
    width = max(len(line) for box in boxes for line in box.lines) * _LETTER_INCHES + 0.3
    height = max(len(box.lines) for box in boxes) * _LINE_INCHES + 0.2
    across = _places_across(boxes)
    along_step, across_step = (width, height) if sideways else (height, width)
    centers = [
        ((box.level + 0.5) * (along_step + _GAP_INCHES), (place + 0.5) * (across_step + _GAP_INCHES))
        for box, place in zip(boxes, across)
    ]
    extent = [max(center[axis] for center in centers) + along_step for axis in (0, 1)]
    points = [(along, side) if sideways else (side, extent[0] - along) for along, side in centers]
    figure = figures.Figure(figsize=(extent[0], extent[1]) if sideways else (extent[1], extent[0]))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_aspect("equal")
    for box, (x, y) in zip(boxes, points):
        corner = (x - width / 2, y - height / 2)
        axes.add_patch(patches.Rectangle(corner, width, height, facecolor="#eef2f8", edgecolor="#33415c", zorder=2))
        axes.text(x, y, "\n".join(box.lines), ha="center", va="center", fontsize=_FONT_POINTS, zorder=3)
        for parent in box.parents:
            from_x, from_y = points[parent]
            start = (from_x + width / 2, from_y) if sideways else (from_x, from_y - height / 2)
            end = (x - width / 2, y) if sideways else (x, y + height / 2)
            arrow = {"arrowstyle": "-|>", "color": "#33415c", "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", end, start, arrowprops=arrow, zorder=1)
    axes.autoscale_view()
    return figure


def _places_across(boxes: list[Box]) -> list[float]:
    """Where boxes stand within their levels: near what they come from, and no two on one place."""
    places: list[Optional[float]] = [None] * len(boxes)
    for level in range(max(box.level for box in boxes) + 1):
        members = [number for number, box in enumerate(boxes) if box.level == level]
        wishes = {
            number: sum(places[parent] or 0.0 for parent in boxes[number].parents) / max(1, len(boxes[number].parents))
            for number in members
        }
        free = 0.0
        for number in sorted(members, key=lambda number: wishes[number]):
            place = max(free, wishes[number])
            places[number] = place
            free = place + 1.0
    return [place or 0.0 for place in places]


def _picture(path: str) -> Any:
    """The file as a picture, where a notebook would show it."""
    try:
        shell = importlib.import_module("IPython").get_ipython()
    except ImportError:
        return None
    if shell is None or not path.endswith(".png"):
        return None
    return importlib.import_module("IPython.display").Image(filename=path)
