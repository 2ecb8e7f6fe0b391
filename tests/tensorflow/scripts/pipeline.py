"""MNIST through tensorflow_datasets and a pipeline of map, cache, shuffle, batch and prefetch."""

import tensorflow.compat.v2 as tf
import tensorflow_datasets as tfds

tf.enable_v2_behavior()

from tensorflow.python.framework.ops import disable_eager_execution  # noqa: E402

disable_eager_execution()

(ds_train, ds_test), ds_info = tfds.load(
    "mnist", split=["train", "test"], shuffle_files=True, as_supervised=True, with_info=True
)


def normalize_img(image, label):
    return tf.cast(image, tf.float32) / 255.0, label


batch_size = 64
ds_train = ds_train.map(normalize_img, num_parallel_calls=tf.data.experimental.AUTOTUNE)
ds_train = ds_train.cache()
ds_train = ds_train.shuffle(ds_info.splits["train"].num_examples)
ds_train = ds_train.batch(batch_size)
ds_train = ds_train.prefetch(tf.data.AUTOTUNE)
ds_test = ds_test.map(normalize_img, num_parallel_calls=tf.data.AUTOTUNE)
ds_test = ds_test.batch(batch_size).cache().prefetch(tf.data.AUTOTUNE)

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
        tf.keras.layers.MaxPooling2D(pool_size=(2, 2)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(loss="sparse_categorical_crossentropy", optimizer=tf.keras.optimizers.Adam(0.005), metrics=["accuracy"])
history = model.fit(ds_train, epochs=4, validation_data=ds_test, verbose=2)
predicted = tf.argmax(model.predict(ds_test), axis=1)
for image, label in ds_test.take(1):
    shape, dtype = image.shape.as_list(), label.dtype.name
examples = sum(1 for _ in tfds.load("mnist", split="train[:10%]"))
print(
    "RESULT",
    {
        "val_accuracy": round(history.history["val_accuracy"][-1], 3),
        "predicted": predicted.get_shape().as_list(),
        "shape": shape,
        "dtype": dtype,
        "classes": ds_info.features["label"].num_classes,
        "examples": examples,
    },
)
