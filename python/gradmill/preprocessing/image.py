"""Pictures of Pillow and arrays of pixels, under the names of early Keras: changed at random, and read in batches.

Example:
    >>> import gradmill as gm
    >>> gm.preprocessing.image.ImageDataGenerator(rescale=0.5).standardize(np.array([4.0]))
    array([2.])
"""

from gradmill.preprocessing.image_changes import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    smart_resize,
)
from gradmill.preprocessing.image_file_iterators import DataFrameIterator, DirectoryIterator
from gradmill.preprocessing.image_generator import ImageDataGenerator
from gradmill.preprocessing.image_iterators import Iterator, NumpyArrayIterator
from gradmill.utils.pictures import array_to_img, img_to_array, load_img, save_img

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
]
