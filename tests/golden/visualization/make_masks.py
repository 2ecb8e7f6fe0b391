"""Record what Keras 3.15 paints: `KERAS_BACKEND=jax python make_masks.py` with Keras installed."""

from pathlib import Path

import numpy as np

generator = np.random.default_rng(4)
IMAGES = generator.uniform(0, 255, (2, 4, 5, 3)).astype("float32")
MASKS = generator.integers(-1, 5, (2, 4, 5, 1)).astype("int32")
COLORS = {0: (9, 8, 7), 1: (255, 0, 0), 2: (0, 250, 1), 3: (3, 2, 240), 4: (77, 88, 99)}
CASES = {
    "palette": {"num_classes": 5},
    "classes counted": {},
    "colours": {"num_classes": 5, "color_mapping": COLORS, "alpha": 0.3},
    "ignored": {"num_classes": 5, "ignore_index": 0, "alpha": 1.0},
    "fewer classes": {"num_classes": 2},
    "not blended": {"num_classes": 4, "blend": False},
}

if __name__ == "__main__":
    import keras

    found = {
        name: np.asarray(keras.visualization.draw_segmentation_masks(IMAGES, MASKS, **arguments))
        for name, arguments in CASES.items()
    }
    np.savez_compressed(Path(__file__).with_name("masks.npz"), **found)
