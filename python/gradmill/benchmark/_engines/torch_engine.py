"""A cell on PyTorch: a plain loop over tensors."""

import contextlib
import importlib
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from .cell import NESTEROV_MOMENTUM, Cell
from .data import samples_of
from .weights import first_values

# Networks of images that run faster with channels last on a processor with AVX2.
CHANNELS_LAST_PAYS = (
    *("mnist_cnn", "mobilenetv2", "mobilenetv2_whole", "resnet18", "alexnet", "efficientnet_b0", "squeezenet1_1"),
)
# A weight that is drawn: its name and shape in Keras, the tensor, and how Keras's array becomes the tensor's.
Drawn = Tuple[str, Tuple[int, ...], Any, Callable[[np.ndarray], np.ndarray]]


def _transposed(*axes: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda value: value.transpose(axes)


def _recurrent_weights(layer: Any, kind: str) -> List[Drawn]:
    """The kernels of an LSTM or GRU, both directions."""
    found: List[Drawn] = []
    units = layer.hidden_size
    for end in ("", "_reverse") if layer.bidirectional else ("",):
        for name, part in (("kernel", "weight_ih_l0"), ("recurrent_kernel", "weight_hh_l0")):
            tensor = getattr(layer, part + end)

            def convert(value: np.ndarray) -> np.ndarray:
                gates = value.T
                if kind == "GRU":  # Keras begins with the update gate, PyTorch with the reset gate
                    gates = np.concatenate([gates[units : 2 * units], gates[:units], gates[2 * units :]])
                return gates

            found.append((name, tuple(tensor.shape[::-1]), tensor, convert))
    return found


def drawn_weights(torch: Any, layers: List[Any]) -> List[Drawn]:
    """Return the weights that are drawn.

    Args:
        torch: the module.
        layers: those with weights, in Keras's order.
    """
    nn = torch.nn
    found: List[Drawn] = []
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            filters, inputs, height, width = layer.weight.shape
            if layer.groups > 1:  # one filter a channel, which Keras keeps as (height, width, channels, 1)
                shape = (height, width, filters, 1)
                found.append(("depthwise_kernel", shape, layer.weight, _transposed(2, 3, 0, 1)))
            else:
                shape = (height, width, inputs, filters)
                found.append(("kernel", shape, layer.weight, _transposed(3, 2, 0, 1)))
        elif isinstance(layer, nn.ConvTranspose2d):
            inputs, filters, height, width = layer.weight.shape
            found.append(("kernel", (height, width, filters, inputs), layer.weight, _transposed(3, 2, 0, 1)))
        elif isinstance(layer, nn.Linear):
            flat = tuple(layer.weight.shape[::-1])
            shape = getattr(layer, "keras_shape", flat)
            found.append(("kernel", shape, layer.weight, lambda value, flat=flat: value.reshape(flat).T))  # type: ignore[misc]
        elif isinstance(layer, nn.Embedding):
            found.append(("embeddings", tuple(layer.weight.shape), layer.weight, lambda value: value))
        elif isinstance(layer, (nn.LSTM, nn.GRU)):
            found += _recurrent_weights(layer, type(layer).__name__)
    return found


def set_first_values(torch: Any, network: Any, layers: List[Any], seed: int, flattened: Tuple[int, ...]) -> None:
    """Give a network the weights that every engine starts from.

    Args:
        torch: the module.
        network: whose biases become zero (those of an LSTM's forget gate one, as in Keras).
        layers: those with weights, in Keras's order.
        seed: of the draws.
        flattened: height, width and channels of the maps that the first dense layer reads as one row, or nothing. Its
            rows are ordered by channel here, by pixel in Keras.
    """
    found = drawn_weights(torch, layers)
    values = first_values([(name, np.empty(shape, "float32")) for name, shape, _, _ in found], seed)
    dense = next((tensor for (name, shape, tensor, _) in found if flattened and len(shape) == 2), None)
    with torch.no_grad():
        for (_, _, tensor, convert), value in zip(found, values):
            if tensor is dense:
                value = value.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(value.shape)
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(convert(value))))
        for name, parameter in network.named_parameters():
            if "bias" in name:
                parameter.zero_()
                if "bias_ih" in name and len(parameter) == 4 * layers[0].hidden_size:
                    parameter[layers[0].hidden_size : 2 * layers[0].hidden_size] = 1


def flattened_maps(torch: Any, network: Any, sample: Any) -> Tuple[int, ...]:
    """Return height, width and channels of the maps that the first flattening layer gets; nothing if it gets none.

    Args:
        torch: the module.
        network: is run on the sample.
        sample: a batch of one.
    """
    seen: List[Tuple[int, ...]] = []

    def note(_: Any, inputs: Any) -> None:
        seen.append(tuple(inputs[0].shape))

    hooks = [
        layer.register_forward_pre_hook(note) for layer in network.modules() if isinstance(layer, torch.nn.Flatten)
    ]
    network.eval()
    with torch.no_grad():
        network(sample)
    for hook in hooks:
        hook.remove()
    network.train()
    shape = seen[0] if seen else ()
    return (shape[2], shape[3], shape[1]) if len(shape) == 4 and shape[2] * shape[3] > 1 else ()


def adam_epsilon(step: int) -> float:
    """Return the epsilon with which a step of PyTorch's Adam equals one of Keras's.

    Keras adds 1e-7 to the root of the moment as it is, the "epsilon hat" of the paper (Kingma and Ba, 2015, section 2),
    PyTorch to that of the corrected one. While gradients are small, as at the start of VGG16, that is another step.

    Args:
        step: from 1.
    """
    return 1e-7 / (1 - 0.999**step) ** 0.5


def autocast(torch: Any, cell: Cell) -> Any:
    """Return the context in which a network and its loss run with the cell's precision."""
    if cell.precision == "float32":
        return contextlib.nullcontext()  # the timed steps pay nothing for a choice that is not made
    return torch.autocast("cpu", {"mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16}[cell.precision])


def check_parts(cell: Cell, parts: int, normalizes: bool) -> None:
    """Raise LookupError where a batch cannot be taken in parts: they must be of one size, and not need each other."""
    if parts > 1 and normalizes:
        raise LookupError(f"{cell.network} normalizes over the whole batch, which has no parts therefore")
    if cell.batch % parts:
        raise LookupError(f"a batch of {cell.batch} cannot be taken in {parts} parts of one size")


def train(
    torch: Any, network: Any, loss_function: Any, cell: Cell, x: Any, labels: Any, options: Dict[str, Any]
) -> None:
    """Run all epochs of a cell; a batch in as many parts as the options say, whose gradients are added."""
    best, clock, parts = options["best"], options["clock"], options["parts"]
    part, share = cell.batch // parts, torch.tensor(1 / parts) if parts > 1 else None
    kind, settings = {
        "sgd": (torch.optim.SGD, {}),
        "nesterov": (torch.optim.SGD, {"momentum": NESTEROV_MOMENTUM, "nesterov": True}),
        "adam": (torch.optim.Adam, {}),
    }[cell.optimizer]
    trained = [each for each in network.parameters() if each.requires_grad]
    optimizer = kind(trained, lr=cell.rate, fused=best or None, **settings)
    steps, precision = 0, autocast(torch, cell)
    for _ in range(cell.warm_up + cell.epochs):
        clock.begin()
        total = 0.0
        for i in range(0, len(labels), cell.batch):
            optimizer.zero_grad()
            for j in range(i, i + cell.batch, part):
                with precision:
                    loss = loss_function(network(x[j : j + part]), labels[j : j + part])
                loss.backward(share)
                total += loss.item()
            steps += 1
            if cell.optimizer == "adam":
                for group in optimizer.param_groups:
                    group["eps"] = adam_epsilon(steps)
            optimizer.step()
        clock.end(total / cell.steps / parts)


def _loss_of_places(logits: Any, labels: Any) -> Any:
    """The mean loss of all places: (batch, places, classes) and (batch, places)."""
    torch = importlib.import_module("torch")
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


def run(kind: str, cell: Cell, options: Dict[str, Any]) -> Dict[str, Any]:
    """Train a cell and return what was measured; at its best with the fused optimizer and the layout that suits.

    Args:
        kind: "torch".
        cell: what is measured.
        options: `seed`, `threads`, `best`, `clock`, and `parts` of a batch.

    Raises:
        LookupError: no such network is written for PyTorch, or it cannot take a batch in parts.
    """
    torch = importlib.import_module(kind)
    networks = importlib.import_module(".torch_networks", __package__)
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    torch.manual_seed(options["seed"])
    best = options["best"]
    layout = torch.channels_last if best and cell.network in CHANNELS_LAST_PAYS else torch.contiguous_format
    samples, targets = samples_of(cell, options["seed"])
    data_bytes = samples.nbytes + targets.nbytes
    if len(cell.shape) == 3:
        samples = np.ascontiguousarray(samples.transpose(0, 3, 1, 2))
    x, labels = torch.from_numpy(samples), torch.from_numpy(targets).long()
    loss_function = torch.nn.functional.cross_entropy
    if cell.loss == "overlap":
        loss_function = importlib.import_module(".torch_segmentation", __package__).overlap_loss
        labels = labels[:, None].float()
    if cell.vocabulary:
        x = x.long()
    if labels.ndim == 2:  # a class for every place
        loss_function = _loss_of_places
    network = networks.build(cell, best).train()
    check_parts(cell, options["parts"], any("running_mean" in name for name, _ in network.named_buffers()))
    layers = networks.in_keras_order(network)
    set_first_values(torch, network, layers, options["seed"], flattened_maps(torch, network, x[:1]))
    if len(cell.shape) == 3:
        network, x = network.to(memory_format=layout), x.contiguous(memory_format=layout)
    network.eval()
    with torch.no_grad(), autocast(torch, cell):
        first = loss_function(network(x[: cell.batch]), labels[: cell.batch]).item()
    network.train()
    train(torch, network, loss_function, cell, x, labels, options)
    return {
        "versions": {"torch": torch.__version__},
        "threads": torch.get_num_threads(),
        "first_loss": first,
        "data_bytes": data_bytes,
        "parameters": sum(each.numel() for each in network.parameters()),
    }
