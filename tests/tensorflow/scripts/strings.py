"""Reviews in folders, functions of text, a vocabulary by hand, rows of different lengths, and an embedding."""

import collections
import os
import re
import string

import numpy as np
from tensorflow.keras import layers, losses

import tensorflow as tf

tf.keras.utils.set_random_seed(2)
generator = np.random.default_rng(0)
GOOD, BAD = ["great", "fine", "lovely", "best"], ["awful", "boring", "worst", "bad"]
OTHERS = "the a movie film plot actor scene ending music".split()
for part, count in (("train", 60), ("test", 20)):
    for kind, words in (("neg", BAD), ("pos", GOOD)):
        os.makedirs(os.path.join("reviews", part, kind))
        for number in range(count):
            chosen = [*generator.choice(OTHERS, 8), *generator.choice(words, 3)]
            generator.shuffle(chosen)
            with open(os.path.join("reviews", part, kind, f"{number}.txt"), "w") as file:
                file.write("<br />" + ", ".join(chosen).capitalize() + "!")

options = {"batch_size": 16, "validation_split": 0.2, "seed": 42}
raw_train_ds = tf.keras.utils.text_dataset_from_directory("reviews/train", subset="training", **options)
raw_val_ds = tf.keras.utils.text_dataset_from_directory("reviews/train", subset="validation", **options)
raw_test_ds = tf.keras.utils.text_dataset_from_directory("reviews/test", batch_size=16)
for text_batch, label_batch in raw_train_ds.take(1):
    for i in range(2):
        print("Review", text_batch.numpy()[i])
        print("Label", label_batch.numpy()[i], raw_train_ds.class_names[label_batch.numpy()[i]])
first = text_batch.numpy()[0]


def custom_standardization(input_data):
    lowercase = tf.strings.lower(input_data)
    stripped_html = tf.strings.regex_replace(lowercase, "<br />", " ")
    return tf.strings.regex_replace(stripped_html, f"[{re.escape(string.punctuation)}]", "")


counts = collections.Counter()
for text_batch, _ in raw_train_ds:
    for row in tf.strings.split(custom_standardization(text_batch)):
        counts.update(row.numpy().tolist())
vocabulary = {word: place + 2 for place, (word, _) in enumerate(counts.most_common(28))}


def vectorize(texts):
    words = tf.strings.split(custom_standardization(texts))
    ids = tf.ragged.constant([[vocabulary.get(word, 1) for word in row.numpy()] for row in words], dtype=tf.int32)
    return ids.to_tensor(shape=[None, 16])


train_ds = raw_train_ds.map(lambda x, y: (vectorize(x), y)).cache().prefetch(buffer_size=tf.data.AUTOTUNE)
val_ds = raw_val_ds.map(lambda x, y: (vectorize(x), y)).cache()
test_ds = raw_test_ds.map(lambda x, y: (vectorize(x), y))
model = tf.keras.Sequential([
    layers.Embedding(30, 16, mask_zero=True), layers.Dropout(0.2), layers.GlobalAveragePooling1D(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(
    loss=losses.BinaryCrossentropy(), optimizer=tf.keras.optimizers.Adam(0.02),
    metrics=[tf.metrics.BinaryAccuracy(threshold=0.5)],
)
history = model.fit(train_ds, validation_data=val_ds, epochs=10, verbose=0)
loss, accuracy = model.evaluate(test_ds, verbose=0)
examples = tf.constant(["The movie was great! best lovely fine", "awful, boring, worst"])
scores = model.predict(vectorize(examples), verbose=0)
print(
    "RESULT",
    {
        "accuracy": accuracy, "scores": (scores[:, 0] > 0.5).tolist(), "bytes": type(first) is bytes,
        "lengths": tf.strings.length(examples).numpy().tolist(), "words": len(counts),
    },
)
