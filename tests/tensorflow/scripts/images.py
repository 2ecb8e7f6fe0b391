"""Pictures read from files, layers that augment them, checkpoints under a prefix."""

import os
import pathlib

import numpy as np
from tensorflow.keras import layers
from tensorflow.keras.layers.experimental import preprocessing

import tensorflow as tf
from tensorflow import keras

tf.random.set_seed(2)
folder = pathlib.Path("pictures")
generator = np.random.default_rng(0)
for kind, colour in (("blue", [20, 30, 200]), ("red", [200, 30, 20])):
    (folder / kind).mkdir(parents=True)
    for number in range(24):
        picture = np.clip(generator.normal(colour, 25, (20, 24, 3)), 0, 255).astype("uint8")
        tf.io.write_file(str(folder / kind / f"{number}.png"), tf.io.encode_png(picture))

paths = sorted(str(path) for path in folder.glob("*/*.png"))
names = sorted(path.name for path in folder.iterdir())


def load(path):
    image = tf.io.decode_png(tf.io.read_file(path), channels=3)
    image = tf.image.resize(image, [16, 16])
    label = names.index(pathlib.Path(path).parent.name)
    return image, label


pictures, labels = zip(*(load(path) for path in paths))
pictures, labels = tf.stack(pictures), tf.constant(labels)
dataset = tf.data.Dataset.from_tensor_slices((pictures, labels)).shuffle(48, seed=1)


def augment(image, label):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_brightness(image / 255.0, max_delta=0.1)
    return tf.clip_by_value(image, 0.0, 1.0), label


train = dataset.take(32).map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(8)
held_out = dataset.skip(32).map(lambda image, label: (image / 255.0, label)).batch(8)

inputs = keras.Input(shape=(16, 16, 3))
x = preprocessing.RandomFlip("horizontal")(inputs)
x = preprocessing.RandomRotation(0.1)(x)
x = layers.RandomZoom(0.1)(x)
x = layers.Conv2D(8, 3, strides=2, padding="same")(x)
x = layers.BatchNormalization(fused=True)(x)
x = layers.LeakyReLU(alpha=0.1)(x)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(2)(x))
model.compile(
    optimizer=keras.optimizers.Adam(lr=0.02),
    loss=tf.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
saver = keras.callbacks.ModelCheckpoint("training/cp-{epoch:04d}.ckpt", save_weights_only=True, verbose=0)
model.fit(train, epochs=8, validation_data=held_out, callbacks=[saver], verbose=0)
latest = tf.train.latest_checkpoint("training")
before = model.predict(held_out, verbose=0)
model.set_weights([np.zeros_like(each) for each in model.get_weights()])
model.load_weights(latest)
loss, accuracy = model.evaluate(held_out, verbose=0)
model.save("whole_model")
again = keras.models.load_model("whole_model")
scores = model(pictures[:4] / 255.0, training=False)
same = bool(np.allclose(again.predict(pictures[:4] / 255.0, verbose=0), scores, atol=1e-5))
print(
    "RESULT",
    {"latest": os.path.basename(latest), "accuracy": accuracy, "same": same, "batches": len(before) // 8},
)
