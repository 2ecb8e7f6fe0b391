"""The networks of `vision.py` in PyTorch: the same layers, sizes and number of weights as GradMill's.

ResNet50 is Keras's: biases, and the stride of a block in its first convolution. EfficientNet leaves out the random
omission of blocks, which Keras's network has; that is in PyTorch's favour.
"""

import torch
from torch import nn


class Branches(nn.Module):
    """What several paths make of one input, added up or set side by side."""

    def __init__(self, *paths, joined=False, last=None):
        super().__init__()
        self.paths = nn.ModuleList(paths)
        self.joined = joined
        self.last = last or nn.Identity()

    def forward(self, x):
        results = [path(x) for path in self.paths]
        return self.last(torch.cat(results, 1) if self.joined else results[0] + results[1])


class Excitation(nn.Module):
    """Scales each channel by what two layers make of all channels' means (Hu et al. 2018)."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.factors = nn.Sequential(
            *(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), nn.SiLU()),
            *(nn.Conv2d(hidden, channels, 1), nn.Sigmoid()),
        )

    def forward(self, x):
        return x * self.factors(x)


def normalized(channels, filters, kernel, activation=None, **options):
    """Convolution that keeps the size at stride 1, batch normalization and, if one is given, an activation."""
    options = {"bias": False, "padding": kernel // 2, **options}
    parts = [nn.Conv2d(channels, filters, kernel, **options), nn.BatchNorm2d(filters)]
    return nn.Sequential(*parts, *([activation()] if activation else []))


def top(channels, classes, *before):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *before, nn.Linear(channels, classes)]


def mnist_cnn(classes, side):
    pixels = ((side - 4) // 2) ** 2
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(64 * pixels, 128), nn.ReLU(), nn.Linear(128, classes)),
    )


def resnet(classes, blocks, bottleneck):
    layers = [normalized(3, 64, 7, nn.ReLU, stride=2, bias=bottleneck), nn.MaxPool2d(3, 2, 1)]
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
            shortcut = nn.Identity()
            if stride != 1 or channels != filters:
                shortcut = normalized(channels, filters, 1, stride=stride, bias=bottleneck)
            layers.append(Branches(nn.Sequential(*body), shortcut, last=nn.ReLU(inplace=True)))
            channels = filters
    return nn.Sequential(*layers, *top(channels, classes))


def inverted(channels, filters, expansion, kernel, stride, activation, excitation):
    """Widen, convolve each channel by itself, narrow; the input is added where sizes agree (Sandler et al. 2018)."""
    wide = channels * expansion
    body = [normalized(channels, wide, 1, activation)] if expansion > 1 else []
    body.append(normalized(wide, wide, kernel, activation, stride=stride, groups=wide))
    if excitation:
        body.append(Excitation(wide, channels // 4))
    body = nn.Sequential(*body, normalized(wide, filters, 1))
    return Branches(body, nn.Identity()) if stride == 1 and channels == filters else body


# Expansion, filters, blocks, stride of the first, kernel.
MOBILENET_STAGES = (
    *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3)),
    *((6, 96, 3, 1, 3), (6, 160, 3, 2, 3), (6, 320, 1, 1, 3)),
)
EFFICIENTNET_STAGES = (
    *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
    *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
)


def stages_of_inverted(classes, stages, activation, excitation, before_top):
    layers, channels = [normalized(3, 32, 3, activation, stride=2)], 32
    for expansion, filters, count, first_stride, kernel in stages:
        for block in range(count):
            stride = first_stride if block == 0 else 1
            layers.append(inverted(channels, filters, expansion, kernel, stride, activation, excitation))
            channels = filters
    return nn.Sequential(*layers, normalized(channels, 1280, 1, activation), *top(1280, classes, *before_top))


def vgg16(classes, side):
    layers, channels = [], 3
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(inplace=True)]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    sizes = (512 * (side // 32) ** 2, 4096, 4096)
    for before, after in zip(sizes, sizes[1:]):
        layers += [nn.Flatten(), nn.Linear(before, after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(4096, classes))


def alexnet(classes):
    layers, channels = [], 3
    for filters, kernel, pooled in ((64, 11, True), (192, 5, True), (384, 3, False), (256, 3, False), (256, 3, True)):
        first = channels == 3
        layers += [nn.Conv2d(channels, filters, kernel, 4 if first else 1, 2 if first else kernel // 2), nn.ReLU(True)]
        layers += [nn.MaxPool2d(3, 2)] if pooled else []
        channels = filters
    layers += [nn.AdaptiveAvgPool2d(6), nn.Flatten()]
    for before, after in ((256 * 36, 4096), (4096, 4096)):
        layers += [nn.Dropout(0.5), nn.Linear(before, after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(4096, classes))


def fire(channels, squeezed, half):
    """Squeeze, then two convolutions side by side (Iandola et al. 2016)."""
    one = nn.Sequential(nn.Conv2d(squeezed, half, 1), nn.ReLU(inplace=True))
    three = nn.Sequential(nn.Conv2d(squeezed, half, 3, padding=1), nn.ReLU(inplace=True))
    return nn.Sequential(nn.Conv2d(channels, squeezed, 1), nn.ReLU(inplace=True), Branches(one, three, joined=True))


def squeezenet1_1(classes):
    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    layers, channels = [nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True), pool()], 64
    for squeezed, half, pooled in (
        *((16, 64, False), (16, 64, True), (32, 128, False), (32, 128, True)),
        *((48, 192, False), (48, 192, False), (64, 256, False), (64, 256, False)),
    ):
        layers += [fire(channels, squeezed, half), *([pool()] if pooled else [])]
        channels = 2 * half
    last = [nn.Dropout(0.5), nn.Conv2d(channels, classes, 1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *last, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def build(network, shape, classes):
    """A network by name, for images of a shape with channels last; its results are logits."""
    side = shape[0]
    makers = {
        "mnist_cnn": lambda: mnist_cnn(classes, side),
        "resnet50_224": lambda: resnet(classes, (3, 4, 6, 3), True),
        "cifar_resnet50": lambda: resnet(classes, (3, 4, 6, 3), True),
        "resnet18": lambda: resnet(classes, (2, 2, 2, 2), False),
        "mobilenetv2_224": lambda: stages_of_inverted(classes, MOBILENET_STAGES, nn.ReLU6, False, ()),
        "efficientnet_b0": lambda: stages_of_inverted(classes, EFFICIENTNET_STAGES, nn.SiLU, True, (nn.Dropout(0.2),)),
        "vgg16": lambda: vgg16(classes, side),
        "alexnet": lambda: alexnet(classes),
        "squeezenet1_1": lambda: squeezenet1_1(classes),
    }
    return makers[network]()
