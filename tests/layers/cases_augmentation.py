"""Layers that change images, what they draw pinned: constructor, images, and draws; read by Keras and by GradMill."""

import numpy as np

RANGE = {"bytes": (0, 255), "unit": (0.0, 1.0), "signed": (-1.0, 1.0)}


def images(kind, shape=(2, 9, 8, 3)):
    """Images with values over a range, a channel of one value among them; "first" in the name puts channels first."""
    generator = np.random.default_rng(5)
    low, high = RANGE[kind.split("_")[0]]
    # Even steps between two values that the images do not reach, so that contrast has something to do.
    levels = generator.integers(20, 190, shape)
    levels[1, :, :, 2] = 77
    found = (levels / 255.0 * (high - low) + low).astype("float32")
    return np.moveaxis(found, -1, 1) if kind.endswith("first") else found


# name: (class, arguments, kind of images)
CASES = {}


def case(name, kind, arguments, images="bytes"):
    """Add a row; the range and the format of the images are arguments too."""
    arguments = dict(arguments)
    if images.split("_")[0] != "bytes":
        arguments["value_range"] = RANGE[images.split("_")[0]]
    if images.endswith("first"):
        arguments["data_format"] = "channels_first"
    CASES[name] = (kind, arguments, images)


case("auto_contrast", "AutoContrast", {})
case("auto_contrast_unit", "AutoContrast", {}, "unit")
case("auto_contrast_signed", "AutoContrast", {}, "signed")
case("equalization", "Equalization", {})
case("equalization_unit", "Equalization", {}, "unit")
case("equalization_bins", "Equalization", {"bins": 16}, "bytes_first")
case("solarization", "Solarization", {})
case("solarization_unit", "Solarization", {}, "unit")

# What is drawn where arguments do not pin it: name: (what Keras calls a transformation, what `_draw` returns).
DRAWN = {}


def drawn(name, keras, ours):
    """Pin a row of CASES."""
    DRAWN[name] = (keras, ours)


PAIR = np.array([40.0, 90.0], "float32").reshape(2, 1, 1, 1), np.array([120.0, 60.0], "float32").reshape(2, 1, 1, 1)
case("solarization_drawn", "Solarization", {}, "bytes_first")
drawn("solarization_drawn", {"additions": PAIR[0], "thresholds": PAIR[1]}, list(PAIR))
case("solarization_drawn_signed", "Solarization", {}, "signed")
drawn("solarization_drawn_signed", {"additions": PAIR[0], "thresholds": PAIR[1]}, list(PAIR))


def answer(layers, name):
    """Return what a case gives, and its configuration.

    Args:
        layers: the module of layers, of Keras or GradMill.
        name: of the case.
    """
    kind, arguments, given = CASES[name]
    layer = getattr(layers, kind)(**arguments)
    if name in DRAWN:
        theirs, ours = DRAWN[name]
        if hasattr(layer, "get_random_transformation"):
            layer.get_random_transformation = lambda *_, **__: theirs
        else:
            layer._draw = lambda *_: ours
    config = {key: value for key, value in layer.get_config().items() if key not in ("name", "dtype", "trainable")}
    return np.asarray(layer(images(given), training=True)), config
