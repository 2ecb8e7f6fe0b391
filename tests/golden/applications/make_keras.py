"""Record Keras's applications: structure.json (all of them, as they come) and outputs.json (small, seeded weights).

KERAS_BACKEND=jax python tests/golden/applications/make_keras.py [structure] [outputs]
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from seeded import OUTPUT_SIZES, VARIANTS, digest, images, listing, set_seeded_weights

FOLDER = Path(__file__).parent
NAMES = [
    *(f"ResNet{depth}{version}" for version in ("", "V2") for depth in (50, 101, 152)),
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Small",
    "MobileNetV3Large",
    "VGG16",
    "VGG19",
    "InceptionV3",
    "Xception",
    "InceptionResNetV2",
    *(f"DenseNet{depth}" for depth in (121, 169, 201)),
    *(f"EfficientNetB{size}" for size in range(8)),
    *(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
    *(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")),
    "NASNetMobile",
    "NASNetLarge",
]
IN_FULL = ("ResNet50", "ResNet50V2", "MobileNetV2", "EfficientNetB0")


def make(name, **options):
    keras.backend.clear_session()
    model, more = VARIANTS.get(name, (name, {}))
    return getattr(keras.applications, model)(weights=None, **options, **more)


def structure():
    """Names, classes and shapes with default arguments."""
    found = {"made_with": keras.__version__}
    for name in NAMES:
        model = make(name)
        rows = listing(model)
        found[name] = {
            "name": model.name,
            "parameters": model.count_params(),
            "trainable": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
            "layers": len(rows),
            "digest": digest(rows),
        }
        if name in IN_FULL:
            found[name]["listing"] = rows
        print(name, found[name]["parameters"], flush=True)
    return found


def outputs():
    """Logits of small models."""
    found = {"made_with": f"keras {keras.__version__} on {keras.backend.backend()}"}
    for name, size in OUTPUT_SIZES.items():
        model = make(name, input_shape=(size, size, 3), classes=10, classifier_activation=None)
        set_seeded_weights(model)
        found[name] = np.asarray(model(images(size), training=False)).astype(float).tolist()
        print(name, found[name][0][:3], flush=True)
    return found


if __name__ == "__main__":
    for job in sys.argv[1:] or ("structure", "outputs"):
        result = {"structure": structure, "outputs": outputs}[job]()
        (FOLDER / f"{job}.json").write_text(json.dumps(result, separators=(",", ":")).replace("},", "},\n") + "\n")
