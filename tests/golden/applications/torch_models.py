"""The networks whose reference is torchvision, written for torch, with the module names of torchvision.

python tests/golden/applications/torch_models.py     # writes torch.json: tensors of the state dict, and logits
"""

import json
from pathlib import Path

import numpy as np
import torch
from seeded import TORCH_SIZES, images, values
from torch import nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.downsample = None
        if stride != 1 or channels != filters:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet(nn.Module):
    """ResNet of basic blocks."""

    def __init__(self, depths, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for stage, depth in enumerate(depths):
            blocks = []
            for number in range(depth):
                blocks.append(BasicBlock(channels, 64 << stage, 2 if stage and not number else 1))
                channels = 64 << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class AlexNet(nn.Module):
    """AlexNet of 2014."""

    def __init__(self, classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(),
            nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, classes),
        )  # fmt: skip

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class Fire(nn.Module):
    """Squeeze, then expand in two ways."""

    def __init__(self, channels, squeezed, expanded):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 or 1.1."""

    def __init__(self, first, fires, classes):
        super().__init__()
        features, channels = [nn.Conv2d(3, first[0], first[1], 2), nn.ReLU()], first[0]
        for fire in (None, *fires):
            if fire is None:
                features.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                features.append(Fire(channels, *fire))
                channels = 2 * fire[1]
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d((1, 1))
        )

    def forward(self, x):
        return torch.flatten(self.classifier(self.features(x)), 1)


MODELS = {
    "ResNet18": lambda classes: ResNet((2, 2, 2, 2), classes),
    "ResNet34": lambda classes: ResNet((3, 4, 6, 3), classes),
    "AlexNet": AlexNet,
    "SqueezeNet1_0": lambda classes: SqueezeNet(
        (96, 7),
        ((16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256)),
        classes,
    ),
    "SqueezeNet1_1": lambda classes: SqueezeNet(
        (64, 3),
        ((16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256)),
        classes,
    ),
}


def seeded_tensor(name, shape):
    """Return the values of a tensor of a state dict; kernels are made in torch's order of axes."""
    part = name.rpartition(".")[2]
    if part == "num_batches_tracked":
        return np.array(7, np.int64)
    if part == "weight" and len(shape) > 1:
        last = values("kernel", (*shape[1:], shape[0]), name)
        return np.ascontiguousarray(np.moveaxis(last, -1, 0))
    return values({"weight": "gamma", "running_var": "variance"}.get(part, "bias"), shape, name)


def record():
    """Names and shapes of the state dict, number of parameters with 1,000 classes, and logits."""
    found = {"made_with": f"torch {torch.__version__}"}
    for name, make in MODELS.items():
        model = make(10).eval()
        shapes = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
        model.load_state_dict({key: torch.from_numpy(seeded_tensor(key, shape)) for key, shape in shapes.items()})
        # Zero mean, so that the first layer's biases matter.
        x = torch.from_numpy(images(TORCH_SIZES[name]).transpose(0, 3, 1, 2) / 127.5 - 1)
        with torch.no_grad():
            logits = model(x).numpy().astype(float).tolist()
        parameters = sum(each.numel() for each in make(1000).parameters())
        found[name] = {"parameters": parameters, "tensors": shapes, "logits": logits}
        print(name, parameters, logits[0][:3], flush=True)
    return found


if __name__ == "__main__":
    text = json.dumps(record(), separators=(",", ":")).replace("},", "},\n")
    Path(__file__).with_name("torch.json").write_text(text + "\n")
