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
CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
case("clahe", CLAHE, {"tile_grid_size": (2, 3)})
case("clahe_tiles", CLAHE, {})
case("clahe_unit", CLAHE, {"tile_grid_size": (3, 2), "clip_limit": 1.5}, "unit")
case("clahe_first", CLAHE, {"tile_grid_size": (1, 2), "clip_limit": 0.0}, "bytes_first")
for _kind, _factors in (
    ("RandomSaturation", [(0.3, 0.3), (0.7, 0.7), (-0.2, -0.2)]),
    ("RandomSharpness", [(0.2, 0.2), (0.9, 0.9)]),
    ("RandomColorDegeneration", [(0.4, 0.4), (-0.3, -0.3)]),
    ("RandomInvert", [(1.0, 1.0), (0.0, 0.0)]),
    ("RandomPosterization", [(1, 1), (3, 3), (8, 8)]),
):
    for _number, _factor in enumerate(_factors):
        for _images in ("bytes", "unit", "bytes_first"):
            case(f"{_kind}_{_number}_{_images}", _kind, {"factor": _factor, "seed": 1}, _images)
case("grayscale", "RandomGrayscale", {"factor": 1.0})
case("grayscale_first", "RandomGrayscale", {"factor": 1.0}, "bytes_first")
case("grayscale_none", "RandomGrayscale", {"factor": 0.0})
case("hue_nothing", "RandomHue", {"factor": 0.0})
for _range in ("bytes", "unit"):
    case(f"jitter_{_range}", "RandomColorJitter", {
        "brightness_factor": (0.2, 0.2), "saturation_factor": (0.6, 0.6), "hue_factor": (0.0, 0.0), "seed": 3,
    }, _range)  # fmt: skip

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
TURNS = np.array([0.31, -0.47], "float32")
for _images in ("bytes", "unit", "bytes_first"):
    case(f"hue_{_images}", "RandomHue", {"factor": 0.5}, _images)
    drawn(f"hue_{_images}", {"factor": TURNS}, TURNS.reshape(2, 1, 1, 1))
SHEAR = np.array([[0.21, -0.13], [0.0, 0.34]], "float32")
for _number, _rest in enumerate((
    {}, {"fill_mode": "constant", "fill_value": 9.0}, {"interpolation": "nearest"}, {"data_format": "channels_first"},
)):  # fmt: skip
    _name = f"shear_{_number}"
    case(_name, "RandomShear", {"x_factor": (0.1, 0.2), **_rest}, "bytes" if _number < 3 else "bytes_first")
    _rows = [[1.0, row[0], 0.0, row[1], 1.0, 0.0, 0.0, 0.0] for row in SHEAR]
    drawn(_name, {"shear_factor": SHEAR}, np.array(_rows, "float32"))

START = np.tile(np.array([[0, 0], [7, 0], [0, 8], [7, 8]], "float32"), (2, 1, 1))
END = START + START * np.random.default_rng(3).uniform(-0.3, 0.3, START.shape).astype("float32")
CHOSEN = np.array([True, False])
for _images, _rest in (("bytes", {}), ("bytes_first", {}), ("bytes", {"interpolation": "nearest", "fill_value": 7.0})):
    _name = f"perspective_{_images}_{len(_rest)}"
    case(_name, "RandomPerspective", {"scale": 0.6, **_rest}, _images)
    drawn(
        _name,
        {"apply_perspective": np.array([True, True]), "start_points": START, "end_points": END},
        [np.ones((2, 1, 1, 1), bool), START, END],
    )

for _images, _size in (("bytes", 3), ("unit", (3, 5)), ("bytes_first", (5, 3))):
    _sigma = np.array([0.4, 0.9], "float32")
    case(f"blur_{_images}", "RandomGaussianBlur", {"kernel_size": _size, "sigma": 0.9}, _images)
    drawn(
        f"blur_{_images}",
        {"should_apply_blur": CHOSEN, "blur_factor": _sigma},
        [CHOSEN.reshape(2, 1, 1, 1), _sigma],
    )

INSIDE = np.random.default_rng(4).random((2, 9, 8, 1)) < 0.3
NOISE = np.random.default_rng(4).normal(size=(2, 9, 8, 3)).astype("float32") * 100
# Keras limits the noise where it draws it.
case("erasing", "RandomErasing", {"scale": (0.1, 0.2)})
drawn(
    "erasing",
    {"apply_erasing": CHOSEN, "batch_masks": np.repeat(INSIDE, 3, -1), "fill_value": NOISE.clip(0, 255)},
    [INSIDE & CHOSEN.reshape(2, 1, 1, 1), NOISE],
)
ORDER, WEIGHT = np.array([1, 0], "int32"), np.array([0.3, 0.8], "float32")
case("cut_mix", "CutMix", {"factor": 0.5})
drawn(
    "cut_mix",
    {"permutation_order": ORDER, "mix_weight": WEIGHT, "batch_masks": np.repeat(INSIDE, 3, -1)},
    [ORDER, WEIGHT, INSIDE],
)
case("mix_up", "MixUp", {"alpha": 0.4})
drawn("mix_up", {"permutation_order": ORDER, "mix_weight": WEIGHT}, [ORDER, WEIGHT])
LABELS = np.eye(4, dtype="float32")[[3, 1]]
# Normal numbers for columns and rows, in the order in which Keras asks for them.
BENDS = np.random.default_rng(6).normal(size=(2, 2, 9, 8)).astype("float32")
for _number, (_images, _rest) in enumerate((
    ("bytes", {}), ("unit", {"fill_mode": "constant"}), ("bytes_first", {"interpolation": "nearest"}),
    ("bytes", {"fill_mode": "wrap"}),
)):  # fmt: skip
    case(f"elastic_{_number}", "RandomElasticTransform", {"scale": 1.0, **_rest}, _images)
    _size, _all = np.float32(0.6 + 0.13 * _number), np.array([True, _number > 0])
    drawn(
        f"elastic_{_number}",
        {"apply_transform": _all, "distortion_factor": _size, "seed": 1},
        [_all.reshape(2, 1, 1, 1), _size, BENDS],
    )

# Layers that choose among others: their configurations.
POLICIES = {
    "RandAugment": {"value_range": (0.0, 1.0), "num_ops": 3, "factor": 0.4, "seed": 2},
    "AugMix": {"value_range": (0.0, 1.0), "num_chains": 2, "factor": (0.1, 0.4), "all_ops": False, "seed": 2},
}


def config_of(layer):
    """The configuration of a layer without what all layers have."""
    return {key: value for key, value in layer.get_config().items() if key not in ("name", "dtype", "trainable")}


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
    config, x = config_of(layer), images(given)
    if name not in ("cut_mix", "mix_up"):
        return np.asarray(layer(x, training=True)), config
    both = layer({"images": x, "labels": LABELS}, training=True)
    return np.concatenate([np.ravel(both["images"]), np.ravel(both["labels"])]), config
