"""What one step of each workload of `vision.py` is; no engine is needed to read it."""

import dataclasses
from typing import Tuple


@dataclasses.dataclass(frozen=True)
class Workload:
    """A network and how it is trained.

    Attributes:
        network: name in `keras_networks` and `torch_networks`.
        shape: one image, channels last.
        classes: number of classes.
        batch: samples of a step.
        steps: steps of an epoch; every step has images of its own.
        optimizer: "sgd" (rate 0.01) or "adam" (0.001).
        loss: what the categorical cross-entropy gets: "probabilities", "logits", or "one-hot" labels and probabilities.
        channels_last: whether PyTorch is faster with that layout.
        target: how many times as fast as the fastest peer GradMill is to be.
    """

    network: str
    shape: Tuple[int, int, int]
    classes: int
    batch: int
    steps: int
    optimizer: str
    loss: str
    channels_last: bool
    target: float

    def quick(self):
        """The same with small images, two samples and one step."""
        side = 64 if self.shape[0] == 224 else self.shape[0]
        return dataclasses.replace(self, shape=(side, side, self.shape[2]), batch=2, steps=1)


LARGE = (224, 224, 3)
# ImageNet networks with the settings of training scripts that are widely used to compare machines.
WORKLOADS = {
    "mnist_cnn": Workload("mnist_cnn", (28, 28, 1), 10, 128, 30, "adam", "probabilities", True, 2.2),
    "resnet50_224": Workload("resnet50_224", LARGE, 8, 16, 2, "sgd", "probabilities", False, 1.7),
    "mobilenetv2_224": Workload("mobilenetv2_224", LARGE, 8, 32, 3, "sgd", "probabilities", True, 2.0),
    "cifar_resnet50": Workload("cifar_resnet50", (32, 32, 3), 10, 32, 8, "adam", "one-hot", False, 2.5),
    "cifar_resnet50_b128": Workload("cifar_resnet50", (32, 32, 3), 10, 128, 3, "adam", "one-hot", False, 2.5),
    "vgg16": Workload("vgg16", LARGE, 10, 16, 1, "adam", "logits", False, 2.5),
    "resnet18": Workload("resnet18", LARGE, 10, 16, 3, "adam", "logits", True, 2.2),
    "alexnet": Workload("alexnet", LARGE, 10, 16, 6, "adam", "logits", True, 1.4),
    "efficientnet_b0": Workload("efficientnet_b0", LARGE, 10, 16, 4, "adam", "logits", True, 1.8),
    "squeezenet1_1": Workload("squeezenet1_1", LARGE, 10, 16, 8, "adam", "logits", True, 1.7),
}
# Of the peak of the leanest peer's process.
MEMORY_TARGET = 0.6
