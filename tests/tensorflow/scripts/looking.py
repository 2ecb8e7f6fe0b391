"""What a network looks at (Grad-CAM, gradient ascent), words written one by one, and pictures made sharper."""

import keras
import numpy as np
from keras import layers, ops

import tensorflow as tf

keras.utils.set_random_seed(0)
generator = np.random.default_rng(0)
images = generator.random((64, 12, 12, 3)).astype("float32") * 0.2
kinds = np.arange(64) % 2
images[kinds == 0, :5, :5] += 0.8  # what makes the kind is in one corner or in the other
images[kinds == 1, 7:, 7:, 0] += 0.8
inputs = keras.Input((12, 12, 3))
x = layers.Conv2D(6, 3, activation="relu", name="last_conv")(inputs)
outputs = layers.Dense(2, activation="softmax")(layers.Flatten()(x))
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
model.fit(images, kinds, epochs=8, verbose=0)
model.layers[-1].activation = None


def make_gradcam_heatmap(img_array, model, last_conv_layer_name, pred_index=None):
    grad_model = keras.models.Model(model.inputs, [model.get_layer(last_conv_layer_name).output, model.output])
    with tf.GradientTape() as tape:
        last_conv_layer_output, preds = grad_model(img_array)
        if pred_index is None:
            pred_index = tf.argmax(preds[0])
        class_channel = preds[:, pred_index]
    grads = tape.gradient(class_channel, last_conv_layer_output)
    weighted = tf.reduce_sum(grads[0] * last_conv_layer_output[0], axis=-1)
    heatmap = tf.maximum(tf.squeeze(weighted), 0) / tf.math.reduce_max(weighted)
    return heatmap.numpy(), {0: "first", 1: "second"}[pred_index.numpy()]


heat, name = make_gradcam_heatmap(images[:1], model, "last_conv")
feature_extractor = keras.Model(inputs=model.inputs, outputs=model.get_layer(name="last_conv").output)


@tf.function
def gradient_ascent_step(img, filter_index, learning_rate):
    with tf.GradientTape() as tape:
        tape.watch(img)
        loss = tf.reduce_mean(feature_extractor(img)[:, 2:-2, 2:-2, filter_index])
    img += learning_rate * tf.math.l2_normalize(tape.gradient(loss, img))
    return loss, img


picture = tf.constant(images[:1])
ascent = []
for _ in range(5):
    loss, picture = gradient_ascent_step(picture, 2, 1.0)
    ascent.append(float(f"{loss}"))


def causal_attention_mask(batch_size, n_dest, n_src, dtype):
    i, j = tf.range(n_dest)[:, None], tf.range(n_src)
    mask = tf.reshape(tf.cast(i >= j - n_src + n_dest, dtype), [1, n_dest, n_src])
    mult = tf.concat([tf.expand_dims(batch_size, -1), tf.constant([1, 1], dtype=tf.int32)], axis=0)
    return tf.tile(mask, mult)


class CausalBlock(layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.attention, self.norm = layers.MultiHeadAttention(2, width), layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs):
        batch_size, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
        mask = causal_attention_mask(batch_size, length, length, tf.bool)
        return self.norm(inputs + self.attention(inputs, inputs, attention_mask=mask))


WORDS = "the mill grinds all day and then the wheel stands still".split()
vocabulary = ["", *sorted(set(WORDS))]
text = np.array([[vocabulary.index(WORDS[(i + j) % len(WORDS)]) for j in range(9)] for i in range(44)])
inputs = layers.Input(shape=(8,), dtype="int32")
x = layers.Embedding(len(vocabulary), 16)(inputs) + layers.Embedding(8, 16)(tf.range(8))
x = CausalBlock(16)(x)
writer = keras.Model(inputs=inputs, outputs=[layers.Dense(len(vocabulary))(x), x])
writer.compile(keras.optimizers.Adam(0.02), loss=[keras.losses.SparseCategoricalCrossentropy(from_logits=True), None])


class TextGenerator(keras.callbacks.Callback):
    def __init__(self, start, number):
        super().__init__()
        self.start, self.number, self.written = start, number, []

    def on_epoch_end(self, epoch, logs=None):
        tokens = [vocabulary.index(word) for word in self.start]
        while len(tokens) < self.number:
            logits, _ = self.model.predict(np.array([tokens + [0] * (8 - len(tokens))]), verbose=0)
            _, indices = ops.top_k(logits[0][len(tokens) - 1], k=2, sorted=True)
            tokens.append(int(np.asarray(indices)[0]))
        self.written.append(" ".join(vocabulary[token] for token in tokens))


monitor = TextGenerator(["mill", "grinds"], 6)
fitted = writer.fit(text[:, :-1], text[:, 1:], epochs=15, batch_size=11, verbose=0, callbacks=[monitor])


class DepthToSpace(layers.Layer):
    def __init__(self, block_size):
        super().__init__()
        self.block_size = block_size

    def call(self, input):
        return tf.nn.depth_to_space(input, self.block_size)


def process(image):
    y, _, _ = tf.split(tf.image.rgb_to_yuv(image), 3, axis=len(image.shape) - 1)
    return tf.image.resize(y, [6, 6], method="area"), y


pairs = tf.data.Dataset.from_tensor_slices(images).map(process).batch(16)
small, large = next(iter(pairs))
inputs = keras.Input(shape=(None, None, 1))
x = layers.Conv2D(4, 3, padding="same", kernel_initializer="orthogonal")(inputs)
sharper = keras.Model(inputs, DepthToSpace(2)(x))
sharper.compile(keras.optimizers.Adam(0.02), keras.losses.MeanSquaredError())
sharpened = sharper.fit(pairs, epochs=4, verbose=0).history["loss"]
area = np.abs(small.numpy() - large.numpy().reshape(16, 6, 2, 6, 2, 1).mean((2, 4))).max()
print("RESULT", {
    "heat": heat.shape, "corner": bool(heat[:5, :5].sum() > heat[5:, 5:].sum()), "name": name,
    "rose": ascent[-1] > ascent[0], "written": monitor.written[-1], "area": bool(area < 1e-6),
    "fell": fitted.history["loss"][-1] < fitted.history["loss"][0], "sharper": sharpened[-1] < sharpened[0],
})
