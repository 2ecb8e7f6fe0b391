"""What networks for images are made of in PyTorch."""

from typing import Any, List, Optional, Sequence, Tuple

import torch
from torch import nn


class Branches(nn.Module):
    """What several paths make of one input, added up or set side by side."""

    def __init__(self, *paths: nn.Module, joined: bool = False, last: Optional[nn.Module] = None):
        super().__init__()
        self.paths = nn.ModuleList(paths)
        self.joined = joined
        self.last = last or nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        results = [path(x) for path in self.paths]
        return self.last(torch.cat(results, 1) if self.joined else results[0] + results[1])


class Excitation(nn.Module):
    """Scales each channel by what two layers make of all channels' means (Hu et al. 2018)."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.factors = nn.Sequential(
            *(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), nn.SiLU()),
            *(nn.Conv2d(hidden, channels, 1), nn.Sigmoid()),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factors(x)


class Rescaling(nn.Module):
    """Pixels up to 255 to numbers up to 1, as Keras's EfficientNet does itself."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / 255.0


class StochasticDepth(nn.Module):
    """Leaves out a path for some samples of a training batch (Huang et al. 2016), as Keras's EfficientNet does."""

    def __init__(self, rate: float):
        super().__init__()
        self.kept = 1.0 - rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        noise = x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(self.kept)
        return x * noise.div_(self.kept)


# Of the batch normalizations of Keras's MobileNetV2 and EfficientNet.
INVERTED_EPSILON = 1e-3


def normalized(
    channels: int, filters: int, kernel: int, activation: Any = None, epsilon: float = 1e-5, **options: Any
) -> nn.Sequential:
    """Convolution that keeps the size at stride 1, batch normalization and, if one is given, an activation."""
    options = {"bias": False, "padding": kernel // 2, **options}
    parts = [nn.Conv2d(channels, filters, kernel, **options), nn.BatchNorm2d(filters, eps=epsilon)]
    return nn.Sequential(*parts, *([activation()] if activation else []))


def inverted(
    channels: int,
    filters: int,
    expansion: int,
    kernel: int,
    stride: int,
    activation: Any,
    excitation: bool,
    left_out: float = 0.0,
) -> nn.Module:
    """Widen, convolve each channel by itself, narrow; the input is added where sizes agree (Sandler et al. 2018)."""
    wide = channels * expansion
    epsilon = INVERTED_EPSILON
    body: List[nn.Module] = [normalized(channels, wide, 1, activation, epsilon)] if expansion > 1 else []
    body.append(normalized(wide, wide, kernel, activation, epsilon, stride=stride, groups=wide))
    if excitation:
        body.append(Excitation(wide, channels // 4))
    body.append(normalized(wide, filters, 1, epsilon=epsilon))
    if stride != 1 or channels != filters:
        return nn.Sequential(*body)
    return Branches(nn.Identity(), nn.Sequential(*body, *([StochasticDepth(left_out)] if left_out else [])))


# Expansion, filters, blocks, stride of the first, kernel.
MOBILENET_STAGES = (
    *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3)),
    *((6, 96, 3, 1, 3), (6, 160, 3, 2, 3), (6, 320, 1, 1, 3)),
)


def stages_of_inverted(
    stages: Sequence[Tuple[int, ...]], activation: Any, excitation: bool = False, left_out: float = 0.0
) -> List[nn.Module]:
    """Return a convolution and all blocks; the share of them that is left out grows to nearly `left_out`."""
    layers: List[nn.Module] = [normalized(3, 32, 3, activation, INVERTED_EPSILON, stride=2)]
    channels, total = 32, sum(count for _, _, count, _, _ in stages)
    for expansion, filters, count, first_stride, kernel in stages:
        for block in range(count):
            stride, rate = first_stride if block == 0 else 1, left_out * (len(layers) - 1) / total
            layers.append(inverted(channels, filters, expansion, kernel, stride, activation, excitation, rate))
            channels = filters
    return layers
