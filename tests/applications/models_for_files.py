"""Small applications that go from framework to framework as files."""

import numpy as np

MODELS = {
    "mobilenet": lambda applications, **options: applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, classes=7, **{"weights": None, **options}
    ),
    "gates": lambda applications, **options: applications.MobileNetV3Small(
        input_shape=(32, 32, 3), alpha=0.5, classes=5, **{"weights": None, **options}
    ),
    "convnext": lambda applications, **options: applications.ConvNeXtTiny(
        input_shape=(32, 32, 3), include_top=False, pooling="max", **{"weights": None, **options}
    ),
    "inception": lambda applications, **options: applications.InceptionResNetV2(
        input_shape=(75, 75, 3), classes=2, **{"weights": None, **options}
    ),
    "efficientnet": lambda applications, **options: applications.EfficientNetB0(
        input_shape=(32, 32, 3), include_top=False, pooling="avg", **{"weights": None, **options}
    ),
    "resnet": lambda applications, **options: applications.ResNet50(
        input_shape=(32, 32, 3), classes=3, **{"weights": None, **options}
    ),
}


def perturb(model, rng):
    """Move every weight away from its initial value, statistics too."""
    model.set_weights(
        [
            value if value.dtype.kind == "i" else value + 0.02 * rng.random(value.shape).astype(value.dtype)
            for value in map(np.asarray, model.get_weights())
        ]
    )
