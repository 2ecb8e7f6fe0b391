"""VGG of 16 layers, under the name that Keras has for its module."""

from gradmill.applications.vgg import VGG16, decode_predictions, preprocess_input

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]
