"""Weights, images and listings that every framework makes alike, so that golden files hold nothing but results."""

import hashlib
import json
import zlib

import numpy as np

# Golden outputs: Keras model -> image size. Ten classes, logits, two images.
OUTPUT_SIZES = {
    "ResNet50": 64,
    "ResNet101": 32,
    "ResNet152": 32,
    "ResNet50V2": 64,
    "ResNet101V2": 32,
    "ResNet152V2": 32,
    "MobileNet": 64,
    "MobileNetWide": 32,
    "MobileNetV2": 64,
    "MobileNetV3Small": 64,
    "MobileNetV3SmallMinimalistic": 32,
    "MobileNetV3Large": 32,
    "VGG16": 32,
    "VGG19": 32,
    "InceptionV3": 75,
    "Xception": 71,
    "InceptionResNetV2": 75,
    "DenseNet121": 32,
    "EfficientNetB0": 64,
    "EfficientNetB1": 48,
    "EfficientNetB4": 48,
    "EfficientNetV2B0": 64,
    "ConvNeXtTiny": 32,
    "NASNetMobile": 33,
}
# Names above that stand for a model with further arguments.
VARIANTS = {
    "MobileNetWide": ("MobileNet", {"alpha": 0.5, "depth_multiplier": 2}),
    "MobileNetV3SmallMinimalistic": (
        "MobileNetV3Small",
        {"alpha": 1.25, "minimalistic": True, "include_preprocessing": False},
    ),
}
TORCH_SIZES = {"ResNet18": 65, "ResNet34": 64, "AlexNet": 160, "SqueezeNet1_0": 66, "SqueezeNet1_1": 77}


def values(kind, shape, key):
    """Return float32 values for a weight of a kind ("kernel", "gamma", ...), the same for the same key."""
    generator = np.random.default_rng(zlib.crc32(key.encode()))
    noise = (generator.random(shape, dtype=np.float32) - np.float32(0.5)) * np.float32(12**0.5)  # mean 0, deviation 1
    if kind.endswith("kernel"):
        inputs = np.prod(shape[:2] if len(shape) == 4 and shape[-1] == 1 else shape[:-1])
        return noise * np.float32((2 / inputs) ** 0.5)
    if kind in ("gamma", "variance", "moving_variance"):
        return 1 + np.float32(0.1) * noise
    return np.float32(0.1) * noise


def set_seeded_weights(model):
    """Give a Keras-like model weights that depend on their place and shape only."""
    fresh = []
    for place, variable in enumerate(model.weights):
        # Keras numbers weights without a name, as ConvNeXt's scales are.
        kind, shape = (
            variable.name.split("_")[0] if "variable" in variable.name else variable.name,
            tuple(variable.shape),
        )
        old = np.zeros(shape, "int32")
        fresh.append(old if kind == "count" else values(kind, shape, f"{place} {kind}"))
    model.set_weights(fresh)


def images(size, count=2):
    """Return float32 images from 0 to 255."""
    return np.random.default_rng(size).integers(0, 256, (count, size, size, 3)).astype("float32")


def listing(model):
    """Return name, class and shapes of the weights of each layer."""
    return [[layer.name, type(layer).__name__, [list(w.shape) for w in layer.weights]] for layer in model.layers]


def digest(rows):
    """Return a short hash of a listing."""
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
