"""Networks in Keras's style, for GradMill and for Keras."""

from typing import Any, Callable, Dict, List, Optional, Tuple

from . import cvnet512, keras_transformers
from .cell import Cell
from .data import PADDING

# Layers, width, heads, width inside the blocks.
TRANSFORMERS = {
    "distilbert": (6, 768, 12, 3072),
    "bert_large": (24, 1024, 16, 4096),
    "distilbert_tiny": (2, 128, 2, 512),
    "bert_tiny": (2, 128, 2, 512),
}
# The same of a network that writes the next character: that of examples/char_gpt.py.
DECODERS = {"char_gpt": (4, 128, 4, 512)}


def _mnist_mlp(keras: Any, cell: Cell) -> List[Any]:
    layers = keras.layers
    return [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.2), layers.Dense(cell.classes)]


def _fashion_mlp(keras: Any, cell: Cell) -> List[Any]:
    layers = keras.layers
    return [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(cell.classes)]


def _mnist_cnn(keras: Any, cell: Cell) -> List[Any]:
    layers = keras.layers
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(cell.classes, activation="softmax"),
    ]


def _lstm(keras: Any, cell: Cell) -> List[Any]:
    return [keras.layers.Masking(PADDING), keras.layers.LSTM(32), keras.layers.Dense(cell.classes)]


def _gru(keras: Any, cell: Cell) -> List[Any]:
    return [keras.layers.GRU(128), keras.layers.Dense(cell.classes)]


def _bilstm(keras: Any, cell: Cell) -> List[Any]:
    return [keras.layers.Bidirectional(keras.layers.LSTM(128)), keras.layers.Dense(cell.classes)]


STACKS: Dict[str, Callable[[Any, Cell], List[Any]]] = {
    "mnist_mlp": _mnist_mlp,
    "fashion_mlp": _fashion_mlp,
    "mnist_cnn": _mnist_cnn,
    "lstm": _lstm,
    "gru": _gru,
    "bilstm": _bilstm,
}
# Application of a network, and the activation of its top: None gives logits.
WHOLE: Dict[str, Tuple[str, Optional[str]]] = {
    "cifar_resnet50": ("ResNet50", "softmax"),
    "resnet50_logits": ("ResNet50", None),
    "vgg16": ("VGG16", None),
    "resnet18": ("ResNet18", None),
    "alexnet": ("AlexNet", None),
    "mobilenetv2_whole": ("MobileNetV2", None),
    "efficientnet_b0": ("EfficientNetB0", None),
    "squeezenet1_1": ("SqueezeNet1_1", None),
}
HEADLESS = {"resnet50": "ResNet50", "mobilenetv2": "MobileNetV2"}


def _application(keras: Any, name: str) -> Any:
    if not hasattr(keras.applications, name):
        raise LookupError(f"{name} is not among {keras.__name__}.applications")
    return getattr(keras.applications, name)


def _with_head(keras: Any, name: str, cell: Cell) -> Any:
    """An application without its top, the mean over the image, and a dense layer."""
    base = _application(keras, name)(include_top=False, weights=None, input_shape=cell.shape)
    features = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(cell.classes, activation="softmax")(features))


def _whole(keras: Any, cell: Cell) -> Any:
    """An application with its top for the cell's classes."""
    name, activation = WHOLE[cell.network]
    return _application(keras, name)(
        weights=None, input_shape=cell.shape, classes=cell.classes, classifier_activation=activation
    )


def _transformer(keras: Any, cell: Cell) -> Any:
    """DistilBERT or BERT with a classifier: an application of GradMill, and for Keras the same written out."""
    layers, width, heads, inside = TRANSFORMERS[cell.network]
    name = "DistilBert" if cell.network.startswith("distilbert") else "Bert"
    if not hasattr(keras.applications, name):
        sizes = (layers, width, heads, inside)
        return keras_transformers.classifier(
            keras, sizes, cell.shape[0], cell.vocabulary, cell.classes, bert=name == "Bert"
        )
    return getattr(keras.applications, name)(
        head="classification",
        classes=cell.classes,
        sequence_length=cell.shape[0],
        vocabulary_size=cell.vocabulary,
        num_layers=layers,
        hidden_size=width,
        num_heads=heads,
        intermediate_size=inside,
    )


def _unet(keras: Any, cell: Cell) -> Any:
    """`gm.applications.UNet`, and for Keras the same written out."""
    if hasattr(keras.applications, "UNet"):
        return keras.applications.UNet(cell.shape, cell.classes)
    layers = keras.layers
    base = keras.applications.MobileNetV2(cell.shape, include_top=False, weights=None)
    taps = [f"block_{number}_expand_relu" for number in (1, 3, 6, 13)] + ["block_16_project"]
    encoder = keras.Model(base.input, [base.get_layer(tap).output for tap in taps])
    encoder.trainable = False
    image = layers.Input(cell.shape)
    *skips, x = encoder(image)
    for filters, skip in zip((512, 256, 128, 64), reversed(skips)):
        x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.Concatenate()([layers.ReLU()(layers.BatchNormalization()(x)), skip])
    return keras.Model(image, layers.Conv2DTranspose(cell.classes, 3, strides=2, padding="same")(x))


def _cvnet512(keras: Any, cell: Cell) -> Any:
    return cvnet512.build(keras, cell.shape[0])


# A class, or a mask, for every pixel.
SEGMENTATION: Dict[str, Callable[[Any, Cell], Any]] = {"unet": _unet, "cvnet512": _cvnet512}


def build(keras: Any, cell: Cell) -> Any:
    """Return the network of a cell, not compiled.

    Args:
        keras: GradMill or Keras.
        cell: what is measured.

    Raises:
        LookupError: this Keras has no such network.
    """
    if cell.network in STACKS:
        return keras.Sequential([keras.layers.Input(cell.shape), *STACKS[cell.network](keras, cell)])
    if cell.network in TRANSFORMERS:
        return _transformer(keras, cell)
    if cell.network in DECODERS:
        return keras_transformers.decoder(keras, DECODERS[cell.network], cell.shape[0], cell.vocabulary)
    if cell.network in SEGMENTATION:
        return SEGMENTATION[cell.network](keras, cell)
    if cell.network in HEADLESS:
        return _with_head(keras, HEADLESS[cell.network], cell)
    if cell.network in WHOLE:
        return _whole(keras, cell)
    raise LookupError(f"no network {cell.network!r} is written in Keras's style")
