"""Which toy sequences are linear: lengths vary, so they are padded with -1 and masked."""

import random

import numpy as np
from tensorflow.keras import Model, layers

import tensorflow as tf

max_len, min_len, masking_val, max_value = 20, 5, -1, 10000
training_steps, batch_size, num_units = 30, 64, 32
random.seed(1)
np.random.seed(1)
tf.random.set_seed(1)


def toy_sequences():
    while True:
        length = random.randint(min_len, max_len)
        if random.random() < 0.5:
            start = random.randint(0, max_value - length)
            values, label = np.arange(start, start + length), 0
        else:
            values, label = np.random.randint(max_value, size=length), 1
        padded = np.pad(values / max_value, (0, max_len - length), mode="constant", constant_values=masking_val)
        yield padded.astype(np.float32), np.array(label, dtype=np.float32)


train_data = tf.data.Dataset.from_generator(toy_sequences, output_types=(tf.float32, tf.float32))
train_data = train_data.repeat().shuffle(500).batch(batch_size).prefetch(1)


class LSTM(Model):
    def __init__(self):
        super().__init__()
        self.masking = layers.Masking(mask_value=masking_val)
        self.lstm = layers.LSTM(units=num_units)
        self.out = layers.Dense(2)

    def call(self, x, is_training=False):
        x = tf.reshape(x, shape=[-1, max_len, 1])
        x = self.masking(x)
        x = self.lstm(x)
        x = self.out(x)
        if not is_training:
            x = tf.nn.softmax(x)
        return x


net = LSTM()
optimizer = tf.optimizers.Adam(0.01)


def cross_entropy_loss(x, y):
    y = tf.cast(y, tf.int64)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x))


def accuracy(y_pred, y_true):
    correct = tf.equal(tf.argmax(y_pred, 1), tf.cast(y_true, tf.int64))
    return tf.reduce_mean(tf.cast(correct, tf.float32), axis=-1)


losses = []
for step, (batch_x, batch_y) in enumerate(train_data.take(training_steps), 1):
    with tf.GradientTape() as tape:
        pred = net(batch_x, is_training=True)
        loss = cross_entropy_loss(pred, batch_y)
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    losses.append(float(loss))
    if step % 10 == 0:
        print("step: %i, loss: %f, accuracy: %f" % (step, loss, accuracy(net(batch_x), batch_y)))  # noqa: UP031
# What stands behind a mask must not matter: other padding that is masked, too, gives the same.
short = np.full((1, max_len), masking_val, "float32")
short[0, :6] = np.linspace(0.1, 0.6, 6)
fell = np.mean(losses[-5:]) < np.mean(losses[:5])
print("RESULT", {"steps": len(losses), "fell": bool(fell), "shares": net(short).shape.as_list()})
