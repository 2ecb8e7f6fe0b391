"""Images that this package and Keras have to change alike: functions of the module `preprocessing`."""

import contextlib
import io
import json
import os
import tempfile
import warnings

import numpy as np

generator = np.random.default_rng(8)
IMAGE = generator.uniform(0, 255, size=(9, 12, 3)).astype("float32")
DOUBLE = generator.normal(size=(7, 6, 1))
BYTES = generator.integers(0, 256, size=(8, 11, 3)).astype("uint8")
BATCH = generator.uniform(0, 255, size=(10, 8, 6, 3)).astype("float32")
LABELS = np.arange(10) % 3
LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


def affine(image=IMAGE, **arguments):
    return lambda p: p.image.apply_affine_transform(image, **{**LAST, **arguments})


def drawn(name, *arguments, image=IMAGE, **named):
    def run(preprocessing):
        np.random.seed(5)
        return np.stack([getattr(preprocessing.image, name)(image, *arguments, **named) for _ in range(3)])

    return run


def quiet(function):
    """What a function returns, without what it prints and warns of."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function()


def flowing(steps=5, batch_size=4, seed=3, fit=False, flow=None, x=BATCH, **arguments):
    """Batches by `next` from `flow`."""

    def run(preprocessing):
        np.random.seed(1)
        made = quiet(lambda: preprocessing.image.ImageDataGenerator(**arguments))
        if fit:
            made.fit(x, augment=fit == "augment", rounds=2, seed=6)
        batches = made.flow(x, LABELS, batch_size=batch_size, seed=seed, **(flow or {}))
        return joined([next(batches) for _ in range(steps)])

    return run


def joined(batches):
    """All numbers of several batches in one row."""
    return np.concatenate([np.ravel(part) for batch in batches for part in flat(batch)]).astype("float64")


def flat(batch):
    return [each for part in batch for each in flat(part)] if isinstance(batch, (list, tuple)) else [batch]


def by_number(preprocessing):
    """A pass by numbers, its end, another pass, and `next` between them."""
    np.random.seed(2)
    made = preprocessing.image.ImageDataGenerator(horizontal_flip=True, shear_range=20)
    batches = made.flow(BATCH, LABELS, batch_size=3)
    found = [batches[i] for i in range(len(batches))]
    batches.on_epoch_end()
    found += [next(batches), next(batches), batches[2]]
    batches.reset()
    return joined([*found, next(batches), batches[3]])


def transforms(preprocessing):
    made = preprocessing.image.ImageDataGenerator(
        rotation_range=30, width_shift_range=[1, 3, 5], height_shift_range=4, shear_range=2, zoom_range=[0.5, 2],
        channel_shift_range=3, brightness_range=(0.2, 3), vertical_flip=True,
    )  # fmt: skip
    found = [made.get_random_transform((10, 20, 3), seed=seed) for seed in range(4)]
    return [{key: float(value) for key, value in sorted(each.items())} for each in found]


def in_folder(function):
    """Call a function in a folder with images of three classes, one of them nested."""

    def run(preprocessing):
        draw = np.random.default_rng(4)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("b/1.png", "b/2.PNG", "b/3.bmp", "a/x.png", "a/in/y.png", "a/note.txt", "c/0.png", "c/9.png"):
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if name.endswith("txt"):
                    open(path, "w").close()
                else:
                    preprocessing.image.save_img(path, draw.integers(0, 256, size=(6, 9, 3)), scale=False)
            np.random.seed(7)
            return quiet(lambda: function(preprocessing, folder))

    return run


def directory(steps=3, generator=None, **arguments):
    def run(preprocessing, folder):
        made = preprocessing.image.ImageDataGenerator(**(generator or {}))
        batches = made.flow_from_directory(folder, **{"target_size": (5, 4), "batch_size": 3, **arguments})
        return joined([next(batches) for _ in range(steps)])

    return in_folder(run)


def described(preprocessing, folder):
    made = preprocessing.image.ImageDataGenerator(validation_split=0.5)
    parts = []
    for subset in (None, "training", "validation"):
        found = made.flow_from_directory(folder, subset=subset, batch_size=2, target_size=(3, 7), color_mode="rgba")
        parts.append([
            found.n, found.samples, len(found), found.num_classes, found.class_indices, found.classes.tolist(),
            found.labels.tolist(), found.filenames, [os.path.relpath(each, folder) for each in found.filepaths],
            list(found.image_shape), found.batch_size,
        ])  # fmt: skip
    return parts


def stored(preprocessing, folder):
    made = preprocessing.image.ImageDataGenerator(rotation_range=50)
    batches = made.flow_from_directory(folder, target_size=(5, 4), batch_size=4, save_to_dir=folder, save_prefix="p")
    joined([next(batches), next(batches)])
    found = sorted(name for name in os.listdir(folder) if name.endswith("png"))
    return [found, [preprocessing.image.img_to_array(preprocessing.image.load_img(os.path.join(folder, name))).tolist()
                    for name in found]]  # fmt: skip


PLAIN = {"shuffle": False}
CASES = {
    "nothing": affine(),
    **{f"rotation {mode}": affine(theta=33, fill_mode=mode, cval=7.5)
       for mode in ("constant", "nearest", "reflect", "wrap")},
    **{f"far {mode}": affine(tx=17.3, ty=-40.6, fill_mode=mode, cval=-2)
       for mode in ("constant", "nearest", "reflect", "wrap")},
    **{f"whole pixels {mode}": affine(tx=-11, ty=8, fill_mode=mode, cval=3)
       for mode in ("constant", "nearest", "reflect", "wrap")},
    **{f"nearest pixel {mode}": affine(shear=18, zx=1.7, order=0, fill_mode=mode)
       for mode in ("constant", "nearest", "reflect", "wrap")},
    "all together": affine(theta=-70, tx=2.5, ty=1.2, shear=12, zx=0.6, zy=1.3),
    "double": affine(DOUBLE, theta=10, zx=0.8),
    "bytes": affine(BYTES, theta=25, ty=0.4),
    "channels first": affine(np.moveaxis(IMAGE, 2, 0), theta=20, tx=3, zy=0.7, row_axis=1, col_axis=2, channel_axis=0),
    "columns before rows": affine(theta=20, tx=3, zy=0.7, row_axis=1, col_axis=0),
    "one row": affine(IMAGE[:1], theta=20, tx=1.5, fill_mode="reflect"),
    "random rotation": drawn("random_rotation", 40, **LAST),
    "random shift": drawn("random_shift", 0.3, 0.2, fill_mode="reflect", **LAST),
    "random shear": drawn("random_shear", 30, interpolation_order=0, **LAST),
    "random zoom": drawn("random_zoom", (0.5, 1.5), fill_mode="constant", cval=1.0, **LAST),
    "random brightness": drawn("random_brightness", (0.3, 1.7)),
    "random channel shift": drawn("random_channel_shift", 50.0, channel_axis=2),
    "brightness without scale": lambda p: p.image.apply_brightness_shift(IMAGE, 1.4, scale=False),
    "brightness beyond bytes": lambda p: p.image.apply_brightness_shift(IMAGE * 2 - 100, 0.7, scale=False),
    "brightness of grey": lambda p: p.image.apply_brightness_shift(DOUBLE, 1.3),
    "smart resize": lambda p: p.image.smart_resize(IMAGE, (5, 5)),
    "draws": transforms,
    "flow": flowing(),
    "flow in order": flowing(flow=PLAIN, seed=None),
    "flow with everything": flowing(
        rotation_range=40, width_shift_range=0.2, height_shift_range=0.3, shear_range=10, zoom_range=0.2,
        channel_shift_range=20, brightness_range=(0.5, 1.5), horizontal_flip=True, vertical_flip=True, rescale=1 / 255,
        fill_mode="reflect",
    ),
    "flow of whole pixels": flowing(width_shift_range=3, height_shift_range=[-2, 2], seed=None, fill_mode="constant"),
    "flow of many pixels": flowing(width_shift_range=2.5, preprocessing_function=lambda image: image[::-1] + 1),
    "each sample": flowing(samplewise_std_normalization=True, rescale=0.5),
    "all samples": flowing(featurewise_center=True, featurewise_std_normalization=True, rescale=1 / 255, fit=True),
    "all samples, changed": flowing(featurewise_std_normalization=True, zoom_range=[0.9, 1.2], fit="augment"),
    "whitened": flowing(zca_whitening=True, fit=True, zca_epsilon=1e-2, dtype="float64"),
    "training part": flowing(validation_split=0.35, flow={"subset": "training"}),
    "validation part": flowing(validation_split=0.35, flow={"subset": "validation", **PLAIN}),
    "weights": flowing(flow={"sample_weight": np.linspace(0, 1, 10)}),
    "more inputs": lambda p: joined([next(p.image.ImageDataGenerator().flow((BATCH, [LABELS, BATCH[:, 0]]), LABELS,
                                                                            batch_size=7, seed=2))]),
    "flow channels first": flowing(x=np.moveaxis(BATCH, 3, 1), data_format="channels_first", rotation_range=50,
                                   height_shift_range=0.2, horizontal_flip=True, featurewise_center=True, fit=True),
    "by number": by_number,
    "folder": directory(),
    "folder in order": directory(seed=1, shuffle=False, class_mode="sparse", interpolation="bilinear"),
    "folder changed": directory(seed=1, generator={"rotation_range": 45, "rescale": 1 / 255, "horizontal_flip": True}),
    "folder of some classes": directory(classes=["c", "b"], class_mode="binary", color_mode="grayscale"),
    "folder as its labels": directory(class_mode="input", keep_aspect_ratio=True, interpolation="nearest"),
    "folder without labels": directory(class_mode=None, color_mode="rgba"),
    "folder in parts": directory(generator={"validation_split": 0.5}, subset="validation", steps=2),
    "folder channels first": directory(generator={"data_format": "channels_first", "zoom_range": 0.5}),
    "description": in_folder(described),
    "stored": in_folder(stored),
}  # fmt: skip


def value_of(name, preprocessing):
    """The value of a case: an array, or whatever JSON holds."""
    found = CASES[name](preprocessing)
    return found if isinstance(found, np.ndarray) else np.array(json.dumps(found))
