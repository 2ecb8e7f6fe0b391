"""Rows for the layers of vision models: (class, arguments, input shape, what `run_layer_check` shall find)."""

import numpy as np

IMAGE = (2, 6, 7, 4)
FIRST = (2, 4, 6, 7)

CASES = []


def row(name, arguments, shape, output=None, **expected):
    """Add a row; `output` is the shape of the result."""
    if output is not None:
        expected["expected_output_shape"] = output
    CASES.append((name, arguments, shape, expected))


def spatial(axes):
    """A batch of 2 with sizes 6, 7, 5 and 4 channels."""
    return (2, *(6, 7, 5)[:axes], 4)


for kind in ("Max", "Average"):
    for axes in (1, 2, 3):
        given = spatial(axes)
        halves = tuple(size // 2 for size in given[1:-1])
        row(f"{kind}Pooling{axes}D", {"pool_size": 2}, given, (2, *halves, 4))
        row(f"{kind}Pooling{axes}D", {"pool_size": 3, "strides": 2, "padding": "same"}, given,
            (2, *(-(-size // 2) for size in given[1:-1]), 4))
        row(f"Global{kind}Pooling{axes}D", {}, given, (2, 4))
        row(f"Global{kind}Pooling{axes}D", {"keepdims": True, "data_format": "channels_first"},
            (2, 4, *given[1:-1]), (2, 4, *[1] * axes))
        row(f"Adaptive{kind}Pooling{axes}D", {"output_size": 3}, given, (2, *[3] * axes, 4))
    row(f"{kind}Pooling1D", {"pool_size": 2, "data_format": "channels_first"}, (2, 4, 6), (2, 4, 3))
    row(f"{kind}Pooling2D", {"pool_size": (2, 3), "strides": (1, 2), "data_format": "channels_first"}, FIRST,
        (2, 4, 5, 3))
    row(f"{kind}Pooling3D", {"pool_size": (2, 1, 3), "data_format": "channels_first"}, (2, 4, 4, 3, 6),
        (2, 4, 2, 3, 2))
    row(f"Adaptive{kind}Pooling2D", {"output_size": (2, 3), "data_format": "channels_first"}, FIRST, (2, 4, 2, 3))

FOUR = {"expected_num_weights": 4, "expected_num_trainable_weights": 2, "expected_mask": True}
row("BatchNormalization", {}, (5, 4), (5, 4), **FOUR)
row("BatchNormalization", {}, IMAGE, IMAGE, **FOUR)
row("BatchNormalization", {"momentum": 0.9, "epsilon": 1e-2}, IMAGE, IMAGE, call_kwargs={"training": True},
    check_compiled=False, atol=1e-5)
row("BatchNormalization", {"axis": 1, "center": False}, FIRST, FIRST, expected_num_weights=3)
row("BatchNormalization", {"axis": 1, "scale": False}, FIRST, FIRST, expected_num_weights=3,
    call_kwargs={"training": True}, check_compiled=False)
row("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmax": 2.0, "dmax": 1.0}}, IMAGE, IMAGE,
    expected_num_weights=7)
row("LayerNormalization", {}, IMAGE, IMAGE, expected_num_weights=2, expected_mask=True)
row("LayerNormalization", {"axis": [1, 2], "epsilon": 1e-2}, IMAGE, IMAGE, expected_num_weights=2)
row("LayerNormalization", {"axis": 1, "center": False}, IMAGE, IMAGE, expected_num_weights=1)
row("GroupNormalization", {"groups": 2}, IMAGE, IMAGE, expected_num_weights=2, expected_mask=True)
row("GroupNormalization", {"groups": -1, "axis": 1, "scale": False}, FIRST, FIRST, expected_num_weights=1)
row("GroupNormalization", {"groups": 2}, (3, 4), (3, 4), expected_num_weights=2)
row("RMSNormalization", {}, IMAGE, IMAGE, expected_num_weights=1)
row("RMSNormalization", {"axis": [1, 3], "epsilon": 1e-3}, IMAGE, IMAGE, expected_num_weights=1)
row("UnitNormalization", {}, IMAGE, IMAGE, expected_mask=True)
row("UnitNormalization", {"axis": [1, 2]}, IMAGE, IMAGE)
row("LocalResponseNormalization", {"alpha": 0.3}, IMAGE, IMAGE)
row("LocalResponseNormalization", {"size": 2, "data_format": "channels_first"}, FIRST, FIRST)

row("ZeroPadding1D", {"padding": (1, 2)}, (2, 6, 4), (2, 9, 4))
row("ZeroPadding1D", {"padding": 1, "data_format": "channels_first"}, (2, 4, 6), (2, 4, 8))
row("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}, IMAGE, (2, 7, 12, 4))
row("ZeroPadding2D", {"padding": (1, 2), "data_format": "channels_first"}, FIRST, (2, 4, 8, 11))
row("ZeroPadding3D", {"padding": 1}, (2, 2, 3, 2, 2), (2, 4, 5, 4, 2))
row("Cropping1D", {"cropping": (1, 2)}, (2, 6, 4), (2, 3, 4))
row("Cropping2D", {"cropping": ((1, 0), (2, 3))}, IMAGE, (2, 5, 2, 4))
row("Cropping2D", {"cropping": 1, "data_format": "channels_first"}, FIRST, (2, 4, 4, 5))
row("Cropping3D", {"cropping": ((1, 0), (0, 1), (0, 0))}, (2, 3, 3, 2, 2), (2, 2, 2, 2, 2))
row("UpSampling1D", {"size": 3}, (2, 6, 4), (2, 18, 4))
row("UpSampling2D", {}, IMAGE, (2, 12, 14, 4))
row("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGE, (2, 12, 21, 4))
row("UpSampling2D", {"size": 2, "interpolation": "bicubic", "data_format": "channels_first"}, FIRST, (2, 4, 12, 14))
row("UpSampling3D", {"size": (1, 2, 3)}, (2, 2, 3, 2, 2), (2, 2, 6, 6, 2))
row("Resizing", {"height": 9, "width": 5}, IMAGE, (2, 9, 5, 4))
row("Resizing", {"height": 3, "width": 8, "interpolation": "nearest"}, IMAGE, (2, 3, 8, 4))
row("Resizing", {"height": 4, "width": 4, "crop_to_aspect_ratio": True, "antialias": True}, IMAGE, (2, 4, 4, 4))
row("Resizing", {"height": 3, "width": 9, "pad_to_aspect_ratio": True, "fill_value": 0.5}, IMAGE, (2, 3, 9, 4))
row("Resizing", {"height": 5, "width": 9, "interpolation": "lanczos3", "data_format": "channels_first"}, FIRST,
    (2, 4, 5, 9))
row("CenterCrop", {"height": 3, "width": 4}, IMAGE, (2, 3, 4, 4))
row("CenterCrop", {"height": 8, "width": 4}, IMAGE, (2, 8, 4, 4))
row("CenterCrop", {"height": 3, "width": 4, "data_format": "channels_first"}, FIRST, (2, 4, 3, 4))

row("AutoContrast", {"value_range": (-4, 4)}, IMAGE, IMAGE)
row("Equalization", {"value_range": (-4, 4)}, IMAGE, IMAGE, check_gradient=False)
row("ContrastLimitedAdaptiveHistogramEqualization", {"value_range": (-4, 4), "tile_grid_size": (2, 3)}, IMAGE, IMAGE,
    check_gradient=False)

RANDOM = [
    ("RandAugment", {"value_range": (-4, 4), "seed": 1, "data_format": "channels_first"}),
    ("AugMix", {"value_range": (-4, 4), "num_chains": 2, "chain_depth": 1, "seed": 1}),
    ("RandomShear", {"x_factor": 0.3, "y_factor": (0.1, 0.2), "seed": 1}),
    ("RandomPerspective", {"scale": 0.4, "seed": 1}),
    ("RandomGaussianBlur", {"kernel_size": (3, 5), "value_range": (-4, 4), "seed": 1, "data_format": "channels_first"}),
    ("RandomErasing", {"fill_value": 0.5, "value_range": (-4, 4), "seed": 1, "data_format": "channels_first"}),
    ("RandomElasticTransform", {"value_range": (-4, 4), "seed": 1, "data_format": "channels_first"}),
    ("CutMix", {"seed": 1}),
    ("MixUp", {"alpha": 0.4, "seed": 1}),
    ("RandomHue", {"factor": 0.5, "value_range": (-4, 4), "seed": 1}),
    ("RandomSaturation", {"factor": (0.2, 0.8), "value_range": (-4, 4), "seed": 1, "data_format": "channels_first"}),
    ("RandomSharpness", {"factor": 0.8, "value_range": (-4, 4), "seed": 1, "data_format": "channels_first"}),
    ("RandomColorDegeneration", {"factor": 0.8, "value_range": (-4, 4), "seed": 1}),
    ("RandomPosterization", {"factor": (2, 5), "value_range": (-4, 4), "seed": 1}),
    ("RandomInvert", {"factor": 0.8, "value_range": (-4, 4), "seed": 1}),
    ("RandomGrayscale", {"factor": 0.8, "seed": 1}),
    ("RandomColorJitter", {"brightness_factor": 0.3, "contrast_factor": 0.2, "value_range": (-4, 4), "seed": 1}),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": 0.6, "value_range": (-4, 4), "seed": 1}),
    ("RandomFlip", {"seed": 1}),
    ("RandomFlip", {"mode": "vertical", "seed": 1, "data_format": "channels_first"}),
    ("RandomCrop", {"height": 4, "width": 5, "seed": 1}),
    ("RandomCrop", {"height": 4, "width": 5, "seed": 1, "data_format": "channels_first"}),
    ("RandomRotation", {"factor": 0.2, "seed": 1}),
    ("RandomRotation", {"factor": (-0.1, 0.3), "fill_mode": "constant", "fill_value": 2.0, "seed": 1}),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": (0.1, 0.3), "fill_mode": "wrap", "seed": 1}),
    ("RandomZoom", {"height_factor": (-0.3, 0.2), "interpolation": "nearest", "fill_mode": "nearest", "seed": 1}),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": 0.2, "seed": 1, "data_format": "channels_first"}),
    ("RandomContrast", {"factor": 0.4, "value_range": (-2, 2), "seed": 1}),
    ("RandomBrightness", {"factor": 0.3, "value_range": (-4, 4), "seed": 1}),
]
OF_COLORS = ("RandAugment", "AugMix", "RandomHue", "RandomSaturation", "RandomColorDegeneration", "RandomGrayscale")
for name, arguments in RANDOM:
    channels = 3 if name in OF_COLORS else 4
    shape = (2, channels, 6, 7) if arguments.get("data_format") == "channels_first" else (2, 6, 7, channels)
    size = (4, 5) if name == "RandomCrop" else (6, 7)
    output = (2, channels, *size) if shape[1] == channels else (2, *size, channels)
    row(name, arguments, shape, output, call_kwargs={"training": False})
    row(name, arguments, shape, output, check_compiled=False, check_gradient=False)

# Functions on images: (name in ops.image, shape of the images, further arguments).
TURN = [0.83, -0.31, 1.37, 0.27, 1.13, -2.21, 0.0, 0.0]
COLORS = (2, 5, 4, 3)
PLACES = np.random.default_rng(11).uniform(-6, 9, (2, 3, 40)).astype("float32")
OTHER = np.random.default_rng(12).normal(size=(2, 13, 12, 3)).astype("float32")
FUNCTIONS = [
    *(
        ("resize", IMAGE, {"size": size, "interpolation": method, "antialias": antialias})
        for method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
        for antialias in (False, True)
        for size in ((3, 4), (13, 9))
    ),
    ("resize", IMAGE, {"size": (4, 9), "pad_to_aspect_ratio": True, "fill_value": 0.5}),
    ("resize", IMAGE, {"size": (4, 9), "crop_to_aspect_ratio": True}),
    *(
        ("affine_transform", IMAGE, {"transform": TURN, "interpolation": method, "fill_mode": mode, "fill_value": 0.5})
        for method in ("nearest", "bilinear")
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
    ),
    ("rgb_to_grayscale", COLORS, {}),
    ("rgb_to_hsv", COLORS, {}),
    ("hsv_to_rgb", COLORS, {}),
    ("rgb_to_hsv", (2, 3, 5, 4), {"data_format": "channels_first"}),
    ("pad_images", IMAGE, {"top_padding": 1, "left_padding": 2, "target_height": 12, "right_padding": 0}),
    ("pad_images", FIRST, {"bottom_padding": 1, "target_height": 12, "left_padding": 3, "right_padding": 1,
                           "data_format": "channels_first"}),
    *(
        ("extract_patches", IMAGE, {"size": size, "strides": strides, "dilation_rate": gap, "padding": padding})
        for padding in ("valid", "same")
        for size, strides, gap in ((3, None, 1), ((2, 3), (2, 1), 1), ((3, 2), 1, 2))
    ),
    ("extract_patches", FIRST, {"size": 2, "data_format": "channels_first"}),
    ("extract_patches_3d", (2, 5, 6, 7, 2), {"size": (2, 3, 2), "strides": (1, 2, 2), "padding": "same"}),
    # Keras with JAX takes None for channels_first here.
    ("gaussian_blur", IMAGE, {"data_format": "channels_last"}),
    ("gaussian_blur", IMAGE, {"kernel_size": (3, 5), "sigma": (0.7, 1.9), "data_format": "channels_last"}),
    ("gaussian_blur", FIRST, {"kernel_size": (4, 5), "data_format": "channels_first"}),
    ("sobel_edges", IMAGE, {}),
    ("sobel_edges", FIRST, {"data_format": "channels_first"}),
    *(
        ("map_coordinates", (5, 4), {"coordinates": PLACES, "order": order, "fill_mode": mode, "fill_value": 0.5})
        for order in (0, 1)
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
    ),
    *(
        (
            "scale_and_translate",
            IMAGE,
            {
                "output_shape": (2, 9, 5, 4), "scale": np.array([1.3, 0.6], "float32"),
                "translation": np.array([0.4, -0.9], "float32"), "spatial_dims": (1, 2), "method": method,
                "antialias": antialias,
            },
        )
        for method in ("linear", "cubic", "lanczos3", "lanczos5")
        for antialias in (False, True)
    ),
    ("ssim", (2, 13, 12, 3), {"image2": OTHER}),
    ("ssim", (2, 13, 12, 3), {"image2": OTHER, "max_val": 4.0, "filter_size": 5, "filter_sigma": 0.9}),
]  # fmt: skip
