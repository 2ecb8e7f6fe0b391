"""ResNet of 50 layers, under the name that Keras has for its module."""

from gradmill.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
