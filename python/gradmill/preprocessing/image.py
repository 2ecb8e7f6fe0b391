"""Pictures of Pillow and arrays of pixels, under the names of early Keras."""

from gradmill.utils.pictures import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img"]
