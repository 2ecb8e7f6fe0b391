"""VGG of 19 layers, under the name that Keras has for its module."""

from gradmill.applications.vgg import VGG19, decode_predictions, preprocess_input

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]
