"""The networks in PyTorch: the same layers, sizes and number of weights as GradMill's.

ResNet50 is Keras's: biases, and the stride of a block in its first convolution.
"""

from typing import Any, Iterator, List, Optional, Sequence, Tuple

import torch
from torch import nn

from .cell import Cell
from .data import PADDING
from .keras_networks import DECODERS, TRANSFORMERS
from .torch_blocks import (
    INVERTED_EPSILON,
    MOBILENET_STAGES,
    Branches,
    Excitation,
    Rescaling,
    normalized,
    stages_of_inverted,
)
from .torch_segmentation import Cvnet512, Unet
from .torch_transformers import Classifier, Decoder


def top(channels: int, classes: int, *before: nn.Module) -> List[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *before, nn.Linear(channels, classes)]


def mnist_cnn(classes: int, side: int) -> nn.Module:
    pixels = ((side - 4) // 2) ** 2
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(64 * pixels, 128), nn.ReLU(), nn.Linear(128, classes)),
    )


def resnet(classes: int, blocks: Sequence[int], bottleneck: bool) -> nn.Module:
    layers: List[nn.Module] = [normalized(3, 64, 7, nn.ReLU, stride=2, bias=bottleneck), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            if bottleneck:
                filters = 4 * width
                body = [
                    normalized(channels, width, 1, nn.ReLU, stride=stride, bias=True),
                    normalized(width, width, 3, nn.ReLU, bias=True),
                    normalized(width, filters, 1, bias=True),
                ]
            else:
                filters = width
                body = [normalized(channels, width, 3, nn.ReLU, stride=stride), normalized(width, width, 3)]
            shortcut: nn.Module = nn.Identity()
            if stride != 1 or channels != filters:
                shortcut = normalized(channels, filters, 1, stride=stride, bias=bottleneck)
            layers.append(Branches(shortcut, nn.Sequential(*body), last=nn.ReLU(inplace=True)))
            channels = filters
    return nn.Sequential(*layers, *top(channels, classes))


EFFICIENTNET_STAGES = (
    *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
    *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
)


def network_of_inverted(
    classes: int, stages: Sequence[Tuple[int, ...]], activation: Any, *before_top: nn.Module, **options: Any
) -> nn.Module:
    last = normalized(stages[-1][1], 1280, 1, activation, INVERTED_EPSILON)
    return nn.Sequential(*stages_of_inverted(stages, activation, **options), last, *top(1280, classes, *before_top))


def efficientnet_b0(classes: int) -> nn.Module:
    stages, options = EFFICIENTNET_STAGES, {"excitation": True, "left_out": 0.2}
    return nn.Sequential(Rescaling(), network_of_inverted(classes, stages, nn.SiLU, nn.Dropout(0.2), **options))


def vgg16(classes: int, side: int) -> nn.Module:
    layers: List[nn.Module] = []
    channels = 3
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(inplace=True)]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    sizes = (512 * (side // 32) ** 2, 4096, 4096)
    for before, after in zip(sizes, sizes[1:]):
        layers += [nn.Flatten(), nn.Linear(before, after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(4096, classes))


def alexnet(classes: int) -> nn.Module:
    layers: List[nn.Module] = []
    channels = 3
    for filters, kernel, pooled in ((64, 11, True), (192, 5, True), (384, 3, False), (256, 3, False), (256, 3, True)):
        first = channels == 3
        layers += [nn.Conv2d(channels, filters, kernel, 4 if first else 1, 2 if first else kernel // 2), nn.ReLU(True)]
        layers += [nn.MaxPool2d(3, 2)] if pooled else []
        channels = filters
    layers += [nn.AdaptiveAvgPool2d(6), nn.Flatten()]
    for before, after in ((256 * 36, 4096), (4096, 4096)):
        layers += [nn.Dropout(0.5), nn.Linear(before, after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(4096, classes))


def fire(channels: int, squeezed: int, half: int) -> nn.Module:
    """Squeeze, then two convolutions side by side (Iandola et al. 2016)."""
    one = nn.Sequential(nn.Conv2d(squeezed, half, 1), nn.ReLU(inplace=True))
    three = nn.Sequential(nn.Conv2d(squeezed, half, 3, padding=1), nn.ReLU(inplace=True))
    return nn.Sequential(nn.Conv2d(channels, squeezed, 1), nn.ReLU(inplace=True), Branches(one, three, joined=True))


def squeezenet1_1(classes: int) -> nn.Module:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    layers: List[nn.Module] = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True), pool()]
    channels = 64
    for squeezed, half, pooled in (
        *((16, 64, False), (16, 64, True), (32, 128, False), (32, 128, True)),
        *((48, 192, False), (48, 192, False), (64, 256, False), (64, 256, False)),
    ):
        layers += [fire(channels, squeezed, half), *([pool()] if pooled else [])]
        channels = 2 * half
    last = [nn.Dropout(0.5), nn.Conv2d(channels, classes, 1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Recurrent(nn.Module):
    """A recurrent layer and a dense one behind its last state.

    PyTorch's LSTM adds two biases, Keras's has one. The second one stays zero: training both would move their sum twice
    as far.

    Args:
        kind: `nn.LSTM` or `nn.GRU`.
        cell: what is measured.
        units: of the layer.
        both: whether it runs in both directions.
        packed: whether sequences are packed to leave out their padding, the usual way; else all steps are made, and
            each sequence's state at its last step is read, which is faster and gives the same. None: no padding.
    """

    def __init__(self, kind: Any, cell: Cell, units: int, both: bool = False, packed: Optional[bool] = None):
        super().__init__()
        self.layer = kind(cell.shape[1], units, batch_first=True, bidirectional=both)
        if kind is nn.LSTM:
            for name, parameter in self.layer.named_parameters():
                parameter.requires_grad_(not name.startswith("bias_hh"))
        self.head = nn.Linear(units * (2 if both else 1), cell.classes)
        self.packed = packed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.packed is None:
            states = self.layer(x)[1]
        else:
            lengths = (x[:, :, 0] != PADDING).sum(1)
            if not self.packed:
                last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, self.layer.hidden_size)
                return self.head(self.layer(x)[0].gather(1, last)[:, 0])
            pack = nn.utils.rnn.pack_padded_sequence
            states = self.layer(pack(x, lengths, batch_first=True, enforce_sorted=False))[1]
        last_states = states[0] if isinstance(states, tuple) else states
        return self.head(torch.cat(list(last_states), 1))

    def keras_order(self) -> List[nn.Module]:
        """The layers with weights."""
        return [self.layer, self.head]


def build(cell: Cell, best: bool) -> nn.Module:
    """Return the network of a cell, for images with channels first; its results are logits.

    Args:
        cell: what is measured.
        best: whether to take the faster of two ways where there are two.

    Raises:
        LookupError: no such network is written here.
    """
    classes, side = cell.classes, cell.shape[0]
    middle = {"mnist_mlp": [nn.Dropout(0.2)], "fashion_mlp": []}
    if cell.network in middle:
        inputs = 1
        for size in cell.shape:
            inputs *= size
        dense = [nn.Linear(inputs, 128), nn.ReLU(), *middle[cell.network], nn.Linear(128, classes)]
        return nn.Sequential(nn.Flatten(), *dense)
    if cell.network in TRANSFORMERS:
        return Classifier(TRANSFORMERS[cell.network], cell)
    if cell.network in DECODERS:
        return Decoder(DECODERS[cell.network], cell)
    makers = {
        "mnist_cnn": lambda: mnist_cnn(classes, side),
        "lstm": lambda: Recurrent(nn.LSTM, cell, 32, packed=not best),
        "gru": lambda: Recurrent(nn.GRU, cell, 128),
        "bilstm": lambda: Recurrent(nn.LSTM, cell, 128, both=True),
        "resnet50": lambda: resnet(classes, (3, 4, 6, 3), True),
        "cifar_resnet50": lambda: resnet(classes, (3, 4, 6, 3), True),
        "resnet18": lambda: resnet(classes, (2, 2, 2, 2), False),
        "mobilenetv2": lambda: network_of_inverted(classes, MOBILENET_STAGES, nn.ReLU6),
        "mobilenetv2_whole": lambda: network_of_inverted(classes, MOBILENET_STAGES, nn.ReLU6),
        "efficientnet_b0": lambda: efficientnet_b0(classes),
        "vgg16": lambda: vgg16(classes, side),
        "alexnet": lambda: alexnet(classes),
        "squeezenet1_1": lambda: squeezenet1_1(classes),
        "unet": lambda: Unet(classes),
        "cvnet512": Cvnet512,
    }
    if cell.network not in makers:
        raise LookupError(f"no network {cell.network!r} is written for PyTorch")
    return makers[cell.network]()


def in_keras_order(network: nn.Module) -> List[nn.Module]:
    """Return the layers with weights as Keras orders those of a functional model: by their distance from the end.

    Args:
        network: of `build`.
    """
    if hasattr(network, "keras_order"):
        return network.keras_order()
    found = sorted(_distances(network, 0), key=lambda pair: -pair[0])  # layers at one distance stay in their order
    return [layer for _, layer in found if any(True for _ in layer.parameters(recurse=False))]


def _parts(module: nn.Module) -> Optional[Tuple[List[nn.Module], List[nn.Module]]]:
    """The paths that begin together in a module, and what follows where they meet; None for a single layer."""
    if isinstance(module, Branches):
        return list(module.paths), [nn.Identity(), module.last]
    if isinstance(module, Excitation):
        return [nn.Identity(), module.factors], [nn.Identity()]
    return None


def _length(module: nn.Module) -> int:
    """Layers on the longest way through a module."""
    if isinstance(module, nn.Sequential):
        return sum(_length(each) for each in module)
    parts = _parts(module)
    if parts is None:
        return 0 if isinstance(module, nn.Identity) else 1
    return max(_length(path) for path in parts[0]) + len(parts[1])


def _distances(module: nn.Module, behind: int) -> Iterator[Tuple[int, nn.Module]]:
    """Each single layer of a module with the number of layers between it and the end of the network."""
    parts = _parts(module)
    if isinstance(module, nn.Sequential):
        layers = list(module)
        distances = [behind + sum(_length(each) for each in layers[i + 1 :]) for i in range(len(layers))]
        for layer, distance in zip(layers, distances):
            yield from _distances(layer, distance)
    elif parts:
        for path in parts[0]:
            yield from _distances(path, behind + len(parts[1]))
    else:
        yield behind, module
