"""Signs read without knowing where they stand (CTC in a layer of its own), and a text classifier with attention."""

import re
import string

import keras
import numpy as np
from keras import layers
from keras.layers import TextVectorization

import tensorflow as tf

keras.utils.set_random_seed(1)
generator = np.random.default_rng(0)
labels = ["".join(generator.choice(list("234"), 2)) for _ in range(48)]
images = generator.random((48, 24, 12)).astype("float32")
for image, label in zip(images, labels):
    for place, sign in enumerate(label):
        image[3 + 11 * place : 10 + 11 * place, 3 * (int(sign) - 1) : 3 * (int(sign) - 1) + 3] += 3
char_to_num = layers.StringLookup(vocabulary=["2", "3", "4"], mask_token=None)
num_to_char = layers.StringLookup(vocabulary=char_to_num.get_vocabulary(), mask_token=None, invert=True)


def encode_single_sample(image, label):
    label = char_to_num(tf.strings.unicode_split(label, input_encoding="UTF-8"))
    return {"image": tf.expand_dims(image, -1), "label": label}


class CTCLayer(layers.Layer):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.loss_fn = tf.keras.backend.ctc_batch_cost

    def call(self, y_true, y_pred):
        batch_len = tf.cast(tf.shape(y_true)[0], dtype="int64")
        input_length = tf.cast(tf.shape(y_pred)[1], dtype="int64") * tf.ones(shape=(batch_len, 1), dtype="int64")
        label_length = tf.cast(tf.shape(y_true)[1], dtype="int64") * tf.ones(shape=(batch_len, 1), dtype="int64")
        self.add_loss(self.loss_fn(y_true, y_pred, input_length, label_length))
        return y_pred


input_img = layers.Input(shape=(24, 12, 1), name="image", dtype="float32")
targets = layers.Input(name="label", shape=(None,), dtype="float32")
x = layers.Reshape(target_shape=(12, 24))(input_img)
x = layers.Bidirectional(layers.LSTM(12, return_sequences=True))(x)
x = layers.Dense(len(char_to_num.get_vocabulary()) + 1, activation="softmax", name="steps")(x)
model = keras.models.Model(inputs=[input_img, targets], outputs=CTCLayer(name="ctc_loss")(targets, x))
model.compile(optimizer=keras.optimizers.Adam(0.02))
dataset = tf.data.Dataset.from_tensor_slices((images, labels)).map(encode_single_sample).batch(8)
history = model.fit(dataset, epochs=15, verbose=0)
prediction_model = keras.models.Model(model.input[0], model.get_layer(name="steps").output)
predictions = prediction_model.predict(images[:16, ..., None], verbose=0)
found = tf.keras.backend.ctc_decode(predictions, input_length=np.ones(16) * 12, greedy=True)[0][0][:, :2]
read = [tf.strings.reduce_join(num_to_char(each)).numpy().decode("utf-8") for each in found]


def custom_standardization(input_data):
    stripped_html = tf.strings.regex_replace(tf.strings.lower(input_data), "<br />", " ")
    return tf.strings.regex_replace(stripped_html, f"[{re.escape(string.punctuation)}]", "")


good, bad = ["great", "fine", "lovely"], ["awful", "poor", "dull"]
kinds = np.arange(96) % 2
texts = [
    " ".join(generator.permutation([*generator.choice(good if kind else bad, 2), "a<br />", "Film!"])) for kind in kinds
]
raw = tf.data.Dataset.from_tensor_slices((texts, kinds)).batch(16)
vectorize_layer = TextVectorization(
    standardize=custom_standardization, max_tokens=30, output_mode="int", output_sequence_length=6
)
vectorize_layer.adapt(raw.map(lambda text, kind: text))
train = raw.map(lambda text, kind: (vectorize_layer(tf.expand_dims(text, -1)), kind)).cache().prefetch(2)


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        return self.token_emb(x) + self.pos_emb(tf.range(start=0, limit=tf.shape(x)[-1], delta=1))


inputs = layers.Input(shape=(6,))
x = TokenAndPositionEmbedding(6, 30, 8)(inputs)
x = layers.LayerNormalization(epsilon=1e-6)(x + layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x))
outputs = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x))
classifier = keras.Model(inputs=inputs, outputs=outputs)
classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
accuracy = classifier.fit(train, epochs=12, verbose=0).history["accuracy"][-1]
whole = keras.Sequential([keras.Input(shape=(1,), dtype="string"), vectorize_layer, classifier])
said = whole.predict(tf.constant([["Lovely, great film"], ["dull<br />and poor"]]), verbose=0).argmax(-1)
print("RESULT", {
    "fell": history.history["loss"][-1] < 0.3 * history.history["loss"][0],
    "read": float(np.mean([a == b for a, b in zip(read, labels)])), "accuracy": accuracy, "said": said.tolist(),
})
