"""The networks that are short to write for MLX; its images have channels last, as Keras's."""

from typing import Any, List, Tuple

from .cell import Cell


def build(nn: Any, cell: Cell) -> Any:
    """Return the network of a cell; its results are logits.

    Args:
        nn: `mlx.nn`.
        cell: what is measured.

    Raises:
        LookupError: no such network is written here.
    """
    classes = cell.classes

    class Flatten(nn.Module):  # type: ignore[name-defined, misc]
        def __call__(self, x: Any) -> Any:
            return x.reshape(x.shape[0], -1)

    if cell.network in ("mnist_mlp", "fashion_mlp"):
        inputs = 1
        for size in cell.shape:
            inputs *= size
        middle = [nn.Dropout(0.2)] if cell.network == "mnist_mlp" else []
        return nn.Sequential(Flatten(), nn.Linear(inputs, 128), nn.ReLU(), *middle, nn.Linear(128, classes))
    if cell.network == "mnist_cnn":
        pixels = ((cell.shape[0] - 4) // 2) ** 2
        return nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), Flatten()),
            *(nn.Linear(64 * pixels, 128), nn.ReLU(), nn.Linear(128, classes)),
        )
    raise LookupError(f"no network {cell.network!r} is written for MLX")


def drawn_weights(nn: Any, network: Any) -> List[Tuple[str, Tuple[int, ...], Any, Tuple[int, ...]]]:
    """Return (Keras's name and shape, layer, axes from Keras's array to the layer's) of the weights that are drawn.

    Args:
        nn: `mlx.nn`.
        network: of `build`.
    """
    found: List[Tuple[str, Tuple[int, ...], Any, Tuple[int, ...]]] = []
    for layer in network.layers:
        if isinstance(layer, nn.Linear):
            found.append(("kernel", tuple(layer.weight.shape[::-1]), layer, (1, 0)))
        elif isinstance(layer, nn.Conv2d):
            filters, height, width, inputs = layer.weight.shape
            found.append(("kernel", (height, width, inputs, filters), layer, (3, 0, 1, 2)))
    return found
