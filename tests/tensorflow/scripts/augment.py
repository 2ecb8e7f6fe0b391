"""Images changed by seeds that are drawn beside them, as the tutorial on data augmentation does it."""

import numpy as np

import tensorflow as tf

images = np.random.default_rng(0).integers(0, 256, (40, 24, 20, 3)).astype("uint8")
labels = np.arange(40) % 5
data = tf.data.Dataset.from_tensor_slices((images, labels))
counter = tf.data.experimental.Counter()
generator = tf.random.Generator.from_seed(123, alg="philox")


def augment(image_label, seed):
    image, label = image_label
    image = tf.cast(image, tf.float32) / 255.0
    image = tf.image.resize_with_crop_or_pad(image, 30, 26)
    new_seed = tf.random.split(seed, num=1)[0, :]
    image = tf.image.stateless_random_crop(image, size=[24, 20, 3], seed=seed)
    image = tf.image.stateless_random_brightness(image, max_delta=0.5, seed=new_seed)
    return tf.clip_by_value(image, 0, 1), label


def with_generator(image, label):
    return augment((image, label), generator.make_seeds(1)[:, 0])


def collect(dataset):
    batches = list(dataset.batch(8).prefetch(tf.data.AUTOTUNE).as_numpy_iterator())
    return np.concatenate([batch[0] for batch in batches]), np.concatenate([batch[1] for batch in batches])


zipped = tf.data.Dataset.zip((data, (counter, counter)))
first, numbers = collect(zipped.map(augment, num_parallel_calls=tf.data.AUTOTUNE))
second, _ = collect(zipped.map(augment, num_parallel_calls=tf.data.AUTOTUNE))
drawn, _ = collect(data.map(with_generator, num_parallel_calls=1))
places = len({np.asarray(image == 0).all(axis=(1, 2)).tobytes() for image in first})
print("RESULT", {
    "equal": bool((first == second).all()), "labels": bool((numbers == labels).all()),
    "changed": bool(np.abs(first - drawn).max() > 0.1), "several places": places > 2, "shape": list(drawn.shape),
    "within": bool(first.min() >= 0 and first.max() <= 1),
})
