"""`ImageDataGenerator`: images changed at random and brought to one scale, batch by batch."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Optional, Sequence

import numpy as np

from gradmill import config
from gradmill.errors import ArgumentError, ShapeError
from gradmill.preprocessing.image_changes import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    check_sampling,
)
from gradmill.preprocessing.image_file_iterators import DataFrameIterator, DirectoryIterator
from gradmill.preprocessing.image_iterators import NumpyArrayIterator

_SMALL = 1e-6  # keeps divisions by a deviation of zero apart from infinity
_RETIRED = ("drop_duplicates", "has_ext", "sort")


class ImageDataGenerator:
    """Change images at random and bring them to one scale, for batches that `fit` takes.

    An image is changed in this order: rotation, shift, shear and zoom as one map; channel shift; flips; brightness.
    Then `standardize` calls `preprocessing_function`, multiplies by `rescale`, and centres and divides. Draws come from
    NumPy's `random`, in Keras's order: the same seed gives what Keras gives.

    Args:
        featurewise_center: subtract the mean of each channel that `fit` found.
        samplewise_center: subtract each image's mean.
        featurewise_std_normalization: divide by the deviation that `fit` found, after `featurewise_center`.
        samplewise_std_normalization: divide by each image's deviation, after `samplewise_center`.
        zca_whitening: multiply by the matrix that `fit` found, after `featurewise_center`.
        zca_epsilon: added to its singular values.
        rotation_range: the largest angle in degrees, to both sides.
        width_shift_range, height_shift_range: a float below 1 is a share of the side, a larger one pixels; an integer
            means whole pixels up to it, exclusively, and a list those to choose from; to both sides.
        brightness_range: smallest and largest factor. Values are rounded to 256 steps; needs Pillow.
        shear_range: the largest angle in degrees, to both sides.
        zoom_range: smallest and largest factor, or a number for 1 - number to 1 + number.
        channel_shift_range: the largest number added to all values, to both sides.
        fill_mode: what lies outside of an image: "constant", "nearest", "reflect", "mirror" or "wrap".
        cval: for "constant".
        horizontal_flip, vertical_flip: whether every second image is mirrored.
        rescale: factor; None or 0 for none.
        preprocessing_function: takes and returns one image.
        data_format: "channels_last" or "channels_first"; None for `config.image_data_format()`.
        validation_split: share of the images that `subset="validation"` has.
        interpolation_order: 0 for the nearest pixel, 1 for bilinear interpolation.
        dtype: element type of batches; default `floatx()`.

    Raises:
        ArgumentError: arguments out of their range.
        UnsupportedError: splines of order 2 to 5.

    Example:
        >>> import gradmill as gm
        >>> generator = gm.preprocessing.image.ImageDataGenerator(rotation_range=20, rescale=1 / 255)
        >>> batches = generator.flow(np.zeros((10, 8, 8, 3)), np.arange(10), batch_size=4, seed=1)
        >>> x, y = next(batches)
        >>> x.shape, y.shape, len(batches)
        ((4, 8, 8, 3), (4,), 3)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Optional[Sequence[float]] = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: Optional[float] = None,
        preprocessing_function: Optional[Callable] = None,
        data_format: Optional[str] = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Optional[str] = None,
    ):
        who = "ImageDataGenerator"
        self.data_format = config.image_data_format() if data_format is None else data_format
        if self.data_format not in ("channels_last", "channels_first"):
            raise ArgumentError(f'{who}: expected "channels_last" or "channels_first"; received {data_format!r}')
        if not 0 <= (validation_split or 0) < 1:
            raise ArgumentError(f"{who}: expected validation_split between 0 and 1; received {validation_split!r}")
        pair = [1 - zoom_range, 1 + zoom_range] if isinstance(zoom_range, (int, float)) else zoom_range
        for name, value in (("zoom_range", pair), ("brightness_range", brightness_range)):
            if value is not None and not (isinstance(value, (list, tuple)) and len(value) == 2):
                raise ArgumentError(f"{who}: expected {name} to be two numbers; received {value!r}")
        check_sampling(who, fill_mode, interpolation_order)
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range = list(pair)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.dtype = dtype or config.floatx()
        self.interpolation_order = interpolation_order
        self.mean: Optional[np.ndarray] = None
        self.std: Optional[np.ndarray] = None
        self.zca_whitening_matrix: Optional[np.ndarray] = None
        self._validation_split = validation_split or 0.0
        self._settle("featurewise_std_normalization", zca_whitening, "zca_whitening", False)
        self._settle("featurewise_center", zca_whitening, "zca_whitening", True)
        self._settle("featurewise_center", self.featurewise_std_normalization, "featurewise_std_normalization", True)
        self._settle("samplewise_center", samplewise_std_normalization, "samplewise_std_normalization", True)

    def _settle(self, name: str, asked: bool, by: str, needed: bool) -> None:
        """Set a switch as another one needs it."""
        if asked and bool(getattr(self, name)) is not needed:
            setattr(self, name, needed)
            warnings.warn(f"ImageDataGenerator: {by} needs {name}={needed}, which is set now", stacklevel=3)

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: Optional[int] = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: Optional[str] = None,
    ) -> NumpyArrayIterator:
        """Return an iterator over batches of changed images.

        Args:
            x, y, batch_size, shuffle, sample_weight, seed, save_to_dir, save_prefix, save_format, ignore_class_split,
                subset: as for `NumpyArrayIterator`.

        Returns:
            a `NumpyArrayIterator`.

        Raises:
            ArgumentError, ShapeError: as there.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size=batch_size, shuffle=shuffle, sample_weight=sample_weight, seed=seed,
            data_format=self.data_format, save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format,
            subset=subset, ignore_class_split=ignore_class_split, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self,
        directory: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Optional[Sequence[str]] = None,
        class_mode: Optional[str] = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Optional[int] = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: Optional[str] = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Return an iterator over batches of changed images from a folder whose subfolders are classes; needs Pillow.

        Args:
            directory, target_size, color_mode, classes, class_mode, batch_size, shuffle, seed, save_to_dir,
                save_prefix, save_format, follow_links, subset, interpolation, keep_aspect_ratio: as for
                `DirectoryIterator`.

        Returns:
            a `DirectoryIterator`.

        Raises:
            ArgumentError: as there.
        """
        return DirectoryIterator(
            directory, self, target_size=target_size, color_mode=color_mode, classes=classes, class_mode=class_mode,
            batch_size=batch_size, shuffle=shuffle, seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, follow_links=follow_links, subset=subset,
            interpolation=interpolation, keep_aspect_ratio=keep_aspect_ratio, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: Optional[str] = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Optional[Sequence[str]] = None,
        class_mode: Optional[str] = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Optional[int] = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: Optional[str] = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Return an iterator over batches of changed images whose names stand in a table; needs Pillow.

        Args:
            dataframe, directory, x_col, y_col, weight_col, target_size, color_mode, classes, class_mode, batch_size,
                shuffle, seed, save_to_dir, save_prefix, save_format, subset, interpolation, validate_filenames: as
                for `DataFrameIterator`.
            **kwargs: has_ext, sort and drop_duplicates of early Keras, which change nothing.

        Returns:
            a `DataFrameIterator`.

        Raises:
            ArgumentError: as there, and for other `kwargs`.
        """
        unknown = sorted(set(kwargs) - set(_RETIRED))
        if unknown:
            raise ArgumentError(f"flow_from_dataframe: expected no further arguments; received {', '.join(unknown)}")
        return DataFrameIterator(
            dataframe, directory, self, x_col=x_col, y_col=y_col, weight_col=weight_col, target_size=target_size,
            color_mode=color_mode, classes=classes, class_mode="raw" if class_mode == "other" else class_mode,
            batch_size=batch_size, shuffle=shuffle, seed=seed, data_format=self.data_format, save_to_dir=save_to_dir,
            save_prefix=save_prefix, save_format=save_format, subset=subset, interpolation=interpolation,
            dtype=self.dtype, validate_filenames=validate_filenames,
        )  # fmt: skip

    def standardize(self, x: Any) -> np.ndarray:
        """Bring one image, or a batch, to the scale that the arguments describe; arrays of floats are changed in place.

        Args:
            x: array.

        Returns:
            array.
        """
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        x = np.asarray(x)
        if x.dtype.kind != "f":
            x = x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _SMALL
        mean = self._found("featurewise_center", self.mean)
        if mean is not None:
            x -= mean
        deviation = self._found("featurewise_std_normalization", self.std)
        if deviation is not None:
            x /= deviation + _SMALL
        matrix = self._found("zca_whitening", self.zca_whitening_matrix)
        return x if matrix is None else (x.reshape(-1, len(matrix)) @ matrix).reshape(x.shape)

    def _found(self, name: str, value: Optional[np.ndarray]) -> Optional[np.ndarray]:
        """What `fit` found for a step, if that is asked for."""
        if getattr(self, name) and value is None:
            warnings.warn(f"ImageDataGenerator: {name} needs fit(images) first, and is left out", stacklevel=3)
        return value if getattr(self, name) else None

    def get_random_transform(self, img_shape: Sequence[int], seed: Optional[int] = None) -> dict[str, Any]:
        """Draw how an image is changed.

        Args:
            img_shape: shape of the image.
            seed: for NumPy's `random`, first.

        Returns:
            dictionary for `apply_transform`.
        """
        if seed is not None:
            np.random.seed(seed)
        low, high = self.zoom_range
        drawn: dict[str, Any] = {"theta": _either_way(self.rotation_range)}
        drawn["tx"] = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        drawn["ty"] = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        drawn["shear"] = _either_way(self.shear_range)
        drawn["zx"], drawn["zy"] = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
        # Drawn in any case, so that what follows does not depend on whether images are flipped.
        drawn["flip_horizontal"] = bool(np.random.random() < 0.5) and bool(self.horizontal_flip)
        drawn["flip_vertical"] = bool(np.random.random() < 0.5) and bool(self.vertical_flip)
        drawn["channel_shift_intensity"] = _either_way(self.channel_shift_range) if self.channel_shift_range else None
        drawn["brightness"] = None
        if self.brightness_range is not None:
            drawn["brightness"] = np.random.uniform(self.brightness_range[0], self.brightness_range[1])
        return drawn

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> np.ndarray:
        """Change one image.

        Args:
            x: image of three axes.
            transform_parameters: any of theta, tx, ty, shear, zx, zy (as for `apply_affine_transform`),
                channel_shift_intensity, flip_horizontal, flip_vertical and brightness.

        Returns:
            array of the shape of `x`.

        Raises:
            ShapeError: another number of axes.
        """
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        given = {key: value for key, value in transform_parameters.items() if value is not None}
        affine = {key: given[key] for key in ("theta", "tx", "ty", "shear", "zx", "zy") if key in given}
        x = apply_affine_transform(
            x, **affine, row_axis=rows, col_axis=columns, channel_axis=channels, fill_mode=self.fill_mode,
            cval=self.cval, order=self.interpolation_order,
        )  # fmt: skip
        if "channel_shift_intensity" in given:
            x = apply_channel_shift(x, given["channel_shift_intensity"], channels)
        if given.get("flip_horizontal"):
            x = np.flip(x, columns)
        if given.get("flip_vertical"):
            x = np.flip(x, rows)
        return apply_brightness_shift(x, given["brightness"], scale=False) if "brightness" in given else x

    def random_transform(self, x: Any, seed: Optional[int] = None) -> np.ndarray:
        """Change one image at random.

        Args:
            x: image of three axes.
            seed: for NumPy's `random`, first.

        Returns:
            array of the shape of `x`.

        Raises:
            ShapeError: another number of axes.
        """
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: Optional[int] = None) -> None:
        """Find mean, deviation and whitening matrix of images, as far as arguments ask for them.

        Args:
            x: images (batch, height, width, channels).
            augment: whether those of changed images are found.
            rounds: how often each image is changed then.
            seed: for NumPy's `random`, first.

        Raises:
            ShapeError: another number of axes.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ShapeError(f"ImageDataGenerator.fit: expected images of four axes; received shape {x.shape}")
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array([self.random_transform(image) for _ in range(rounds) for image in x], dtype=self.dtype)
        all_but_channels = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, all_but_channels, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, all_but_channels, keepdims=True)[0]
        if self.zca_whitening:
            vectors, values, _ = np.linalg.svd(x.reshape(len(x), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (vectors * (np.sqrt(len(x)) / (values + self.zca_epsilon))) @ vectors.T


def _either_way(most: float) -> Any:
    return np.random.uniform(-most, most) if most else 0


def _shift(most: Any, side: int) -> Any:
    """A drawn shift in pixels; `most` is a share, pixels, an integer or several numbers."""
    if np.ndim(most) == 0 and not most:
        return 0
    if np.ndim(most) == 0 and isinstance(most, (float, np.floating)):
        drawn = np.random.uniform(-most, most)
    else:
        drawn = np.random.choice(most) * np.random.choice([-1, 1])
    return drawn * side if np.max(most) < 1 else drawn
