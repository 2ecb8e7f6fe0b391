"""Keras classes with parts of their own: a train step, a layer, a metric, a callback, a loss, frozen layers."""

import numpy as np

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(1)
generator = np.random.default_rng(1)
x = generator.random((256, 8)).astype("float32")
y = (x.sum(axis=1, keepdims=True) > 4).astype("float32")


class Linear(keras.layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight("w", shape=(input_shape[-1], self.units), initializer="glorot_uniform", trainable=True)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True, name="b")

    def call(self, inputs, training=None):
        out = tf.matmul(inputs, self.w) + self.b
        self.add_loss(1e-4 * tf.reduce_sum(tf.square(self.w)))
        if training:
            out = tf.nn.dropout(out, rate=0.1)
        return out

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Positives(keras.metrics.Metric):
    def __init__(self, name="positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_weight(name="tp", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = tf.cast(y_true, tf.bool), tf.greater(y_pred, 0.0)
        values = tf.cast(tf.logical_and(y_true, y_pred), self.dtype)
        self.true_positives.assign_add(tf.reduce_sum(values))

    def result(self):
        return self.true_positives

    def reset_state(self):
        self.true_positives.assign(0.0)


class CustomModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {**{m.name: m.result() for m in self.metrics}, "norm": norm}


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


inputs = keras.Input(shape=(8,))
hidden = Linear(16, name="first")(inputs)
outputs = keras.layers.Dense(1)(keras.layers.Activation("relu")(hidden))
model = CustomModel(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(0.02), loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[Positives(), keras.metrics.BinaryAccuracy(threshold=0.0, name="acc")],
)
recorder = LossHistory()
history = model.fit(x, y, epochs=10, verbose=0, callbacks=[recorder])


# A step that looks at the value of its loss: TensorFlow rewrites the if; here the step runs op by op.
class Careful(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_variables)
        if loss > 0.3:
            gradients = [each * 0.5 for each in gradients]
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


careful = Careful(inputs, keras.layers.Dense(1, kernel_initializer="zeros")(inputs))
careful.compile(optimizer=keras.optimizers.SGD(0.1))
kept = careful.fit(x, y, epochs=1, batch_size=256, shuffle=False, verbose=0).history["loss"][0]
expected = 0.5 * 0.1 * 2 * np.mean(x * y, axis=0) if np.mean(y**2) > 0.3 else 0.1 * 2 * np.mean(x * y, axis=0)
halved = bool(np.allclose(careful.get_weights()[0][:, 0], expected, atol=1e-6))

# Transfer: a frozen base, a new head, then all of it with a small rate.
base = keras.Model(inputs, hidden)
base.trainable = False
head = keras.Sequential([base, keras.layers.Dense(1)])
head.compile(keras.optimizers.Adam(1e-2), loss=keras.losses.BinaryCrossentropy(from_logits=True))
before = base.get_weights()
head.fit(x, y, epochs=2, verbose=0)
frozen = all(np.array_equal(a, b) for a, b in zip(before, base.get_weights()))
base.trainable = True
head.compile(keras.optimizers.Adam(1e-3), loss=keras.losses.BinaryCrossentropy(from_logits=True))
head.fit(x, y, epochs=1, verbose=0)
moved = any(not np.array_equal(a, b) for a, b in zip(before, base.get_weights()))

model.save("model.keras")
again = keras.models.load_model(
    "model.keras", custom_objects={"Linear": Linear, "CustomModel": CustomModel, "Positives": Positives}
)
same = bool(np.allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6))


@tf.custom_gradient
def log1pexp(value):
    e = tf.exp(value)

    def grad(upstream):
        return upstream * (1 - 1 / (1 + e))

    return tf.math.log(1 + e), grad


place = tf.constant(100.0)
with tf.GradientTape() as tape:
    tape.watch(place)
    out = log1pexp(place)
strategy = tf.distribute.MirroredStrategy()
with strategy.scope():
    small = keras.Sequential([keras.layers.Dense(1)])
    small.compile("sgd", "mse")
small.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(64 * strategy.num_replicas_in_sync), verbose=0)
print(
    "RESULT",
    {
        "logs": sorted(history.history), "fell": recorder.losses[-1] < recorder.losses[0],
        "accuracy": history.history["acc"][-1] > 0.8, "loss": round(float(kept), 4) == round(float(np.mean(y**2)), 4),
        "halved": halved, "frozen": frozen, "moved": moved, "same": same,
        "slope": float(tape.gradient(out, place)), "extra": len(model.losses),
    },
)
