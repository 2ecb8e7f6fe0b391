"""Train with checkpoints, break off, and go on in another part of the program, as guides to tf.train do."""

import os

import numpy as np

import tensorflow as tf


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.l1 = tf.keras.layers.Dense(5)

    def call(self, x):
        return self.l1(x)


def toy_dataset():
    inputs = tf.range(10.0)[:, None]
    labels = inputs * 5.0 + tf.range(5.0)[None, :]
    return tf.data.Dataset.from_tensor_slices({"x": inputs, "y": labels}).repeat().batch(2)


def train_step(net, example, optimizer):
    with tf.GradientTape() as tape:
        output = net(example["x"])
        loss = tf.reduce_mean(tf.abs(output - example["y"]))
    variables = net.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


def train_and_checkpoint(steps):
    net, optimizer = Net(), tf.keras.optimizers.Adam(0.1)
    iterator = iter(toy_dataset())
    ckpt = tf.train.Checkpoint(step=tf.Variable(1), optimizer=optimizer, net=net, iterator=iterator)
    manager = tf.train.CheckpointManager(ckpt, "./tf_ckpts", max_to_keep=3)
    ckpt.restore(manager.latest_checkpoint)
    if manager.latest_checkpoint:
        print(f"Restored from {manager.latest_checkpoint}")
    else:
        print("Initializing from scratch.")
    losses = []
    for _ in range(steps):
        losses.append(float(train_step(net, next(iterator), optimizer)))
        ckpt.step.assign_add(1)
        if int(ckpt.step) % 10 == 0:
            path = manager.save()
            print(f"Saved checkpoint for step {int(ckpt.step)}: {path}")
    return losses, [int(each.split("-")[-1]) for each in manager.checkpoints]


first, names = train_and_checkpoint(29)
losses, later_names = train_and_checkpoint(20)
newest = tf.train.latest_checkpoint("./tf_ckpts")
bias = tf.Variable(tf.zeros([5]))
fake_layer = tf.train.Checkpoint(bias=bias)
fake_net = tf.train.Checkpoint(l1=fake_layer)
status = tf.train.Checkpoint(net=fake_net).restore(newest).expect_partial()
try:
    status.assert_consumed()
    partial = False
except AssertionError:
    partial = True
print(
    "RESULT",
    {
        "names": [names, later_names],
        "fell": sum(losses[-5:]) < sum(first[:5]),
        "newest": os.path.basename(newest),
        "partial": partial,
        "bias": bool(np.any(bias.numpy() > 0)),
    },
)
