"""Layers one after another, as one layer."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from gradmill import serialization
from gradmill.errors import ArgumentError
from gradmill.layers.base import Layer
from gradmill.masks import get_mask
from gradmill.serialization import register_serializable
from gradmill.symbolic import map_structure


@register_serializable("keras.layers")
class Pipeline(Layer):
    """Apply layers one after another; other than a `Sequential` it is no model, and layers train unless told not to.

    Meant for layers that prepare or change inputs, in models and in `Dataset.map`; structures such as
    {"images": ..., "labels": ...} go through as the layers take them.

    Args:
        layers: list of layers.
        name: label.

    Raises:
        ArgumentError: anything but a list of layers.

    Example:
    >>> import gradmill as gm
    >>> both = gm.layers.Pipeline([gm.layers.Rescaling(2.0), gm.layers.Rescaling(1.0, offset=1.0)])
    >>> both([[1.0, 2.0]]).numpy()
    array([[3., 5.]], dtype=float32)
    """

    def __init__(self, layers: Sequence[Layer], name: Optional[str] = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        if not isinstance(layers, (list, tuple)) or not all(isinstance(each, Layer) for each in layers):
            raise ArgumentError(f"{self._label}: expected a list of layers; received {layers!r}")
        self._pipeline_layers = list(layers)
        self.supports_masking = True
        self._build_at_init()

    @property
    def layers(self) -> list[Layer]:
        """The layers."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: Optional[bool] = True, mask: Any = None) -> Any:
        """Return what the last layer returns."""
        for layer in self._pipeline_layers:
            given: dict[str, Any] = {}
            if layer._call.has_mask and mask is not None:
                given["mask"] = mask
            if layer._call.has_training and training is not None:
                given["training"] = training
            inputs = layer(inputs, **given)
            mask = map_structure(get_mask, inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"name": self.name, "layers": serialization.serialize_object(self._pipeline_layers)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Optional[dict] = None) -> Pipeline:
        """Build a layer from `get_config`'s result."""
        if not isinstance(config.get("layers"), (list, tuple)):
            raise ArgumentError(f"Pipeline: expected a configuration with a list of 'layers'; received {config!r}")
        layers = [serialization.deserialize_object(each, custom_objects) for each in config["layers"]]
        return cls(**{**config, "layers": layers})
