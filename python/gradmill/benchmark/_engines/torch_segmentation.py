"""The networks in PyTorch that find a class for every pixel, and the loss of masks."""

from typing import List, Tuple

import torch
from torch import nn

from .torch_blocks import MOBILENET_STAGES, Branches, stages_of_inverted


def with_weights(network: nn.Module) -> List[nn.Module]:
    """Return the layers that have weights, in the order in which they were made."""
    return [layer for layer in network.modules() if any(True for _ in layer.parameters(recurse=False))]


class Unet(nn.Module):
    """MobileNetV2's encoder, frozen and in its form for inference, and a decoder of transposed convolutions."""

    TAPS = (1, 3, 6, 13)

    def __init__(self, classes: int):
        super().__init__()
        # Of the last block, what comes before its normalization.
        *layers, last = stages_of_inverted(MOBILENET_STAGES, nn.ReLU6)
        channels = MOBILENET_STAGES[-1][1]
        self.encoder = nn.ModuleList([*layers, nn.Sequential(*last[:-1], last[-1][0])]).requires_grad_(False)
        ups = []
        for filters, skip in ((512, 576), (256, 192), (128, 144), (64, 96)):
            up = nn.ConvTranspose2d(channels, filters, 3, 2, 1, output_padding=1, bias=False)
            ups.append(nn.Sequential(up, nn.BatchNorm2d(filters), nn.ReLU(inplace=True)))
            channels = filters + skip
        self.ups = nn.ModuleList(ups)
        self.head = nn.ConvTranspose2d(channels, classes, 3, 2, 1, output_padding=1)

    def train(self, mode: bool = True) -> "Unet":
        """The same with an encoder that stays as it is."""
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        with torch.no_grad():
            x = self.encoder[0](x)
            for number, block in enumerate(self.encoder[1:]):
                body = block.paths[0] if isinstance(block, Branches) else block
                if number not in self.TAPS:
                    x = block(x)
                    continue
                skips.append(body[0](x))
                result = body[1:](skips[-1])
                x = x + result if isinstance(block, Branches) else result
        for up, skip in zip(self.ups, reversed(skips)):
            x = torch.cat([up(x), skip], 1)
        return self.head(x)

    def keras_order(self) -> List[nn.Module]:
        """The layers with weights, which lie in a row but for the two halves of a block."""
        return with_weights(self)


class Cvnet512(nn.Module):
    """The network of `cvnet512.py` for pictures of 512x512."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.Sigmoid())
        halves, channels, skips = [], 8, [8]
        for maps in (8, 16, 32, 128, 512):
            half = [nn.Conv2d(channels, maps, 3, 2, bias=False), nn.ZeroPad2d((1, 0, 1, 0))]
            one = nn.Conv2d(maps, maps, 1, bias=False)
            both = Branches(
                self.finish(maps, 0.5, one), self.finish(maps, 0.5, *self.separable(maps, maps, 2)), joined=True
            )
            halves.append(nn.Sequential(self.finish(maps, 0.25, *half), both))
            channels = 2 * maps
            skips.append(channels)
        self.halves = nn.ModuleList(halves)
        deepest = []
        for maps in (1024, 2048):
            deepest.append(self.finish(maps, 0.25, *self.separable(channels, maps, 0)))
            channels = maps
        self.deepest = nn.Sequential(*deepest)
        ups = []
        for maps, skip in zip((512, 384, 160, 56, 24, 24), reversed(skips)):
            twice = nn.Upsample(scale_factor=2, mode="bilinear")
            ups.append(self.finish(maps, 0.25, twice, nn.ConvTranspose2d(channels, maps, 3, 1, 1, bias=False)))
            channels = maps + skip
        self.ups = nn.ModuleList(ups)
        self.last = nn.Sequential(
            self.finish(32, 0, nn.Conv2d(channels, 32, 3, bias=False)),
            self.finish(16, 0, nn.ConvTranspose2d(32, 16, 3, bias=False)),
        )
        self.mask = nn.Sequential(nn.Conv2d(17, 1, 1), nn.Sigmoid())

    @staticmethod
    def separable(channels: int, maps: int, padding: int) -> Tuple[nn.Module, nn.Module]:
        depthwise = nn.Conv2d(channels, channels, 5, padding=padding, groups=channels, bias=False)
        return depthwise, nn.Conv2d(channels, maps, 1, bias=False)

    @staticmethod
    def finish(maps: int, rate: float, *before: nn.Module) -> nn.Sequential:
        parts = [*before, nn.BatchNorm2d(maps, 1e-3, 0.05), nn.LeakyReLU(0.2, inplace=True)]
        return nn.Sequential(*parts, *([nn.Dropout(rate)] if rate else []))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        skips = [self.first(image)]
        for half in self.halves:
            skips.append(half(skips[-1]))
        x = self.deepest(skips[-1])
        for up, skip in zip(self.ups, reversed(skips)):
            x = torch.cat([up(x), skip], 1)
        return self.mask(torch.cat([self.last(x), image], 1))

    def keras_order(self) -> List[nn.Module]:
        """The layers with weights, which lie in a row but for the two halves of a block."""
        return with_weights(self)


def overlap_loss(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Squared error over the union, and 1 - IoU^2, the mean over pictures; masks are (batch, 1, height, width)."""
    union = (predicted + true).clip(0, 1).sum((2, 3))
    overlap = (predicted.sum((2, 3)) + true.sum((2, 3)) - union) / union
    return (((predicted - true) ** 2).sum((2, 3)) / union + 1 - overlap**2).mean()
