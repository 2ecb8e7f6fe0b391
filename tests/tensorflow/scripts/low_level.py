"""Variables, tapes and functions without layers: a line, a network of tf.nn, second derivatives, words."""

import numpy as np

import tensorflow as tf

tf.random.set_seed(4)
generator = np.random.default_rng(4)

# A line by gradient descent.
W, b = tf.Variable(0.0, name="weight"), tf.Variable(0.0, name="bias")
optimizer = tf.optimizers.SGD(0.1)
X = generator.normal(size=50).astype("float32")
Y = 3.0 * X + 2.0
for _ in range(100):
    with tf.GradientTape() as g:
        loss = tf.reduce_mean(tf.square(W * X + b - Y))
    optimizer.apply_gradients(zip(g.gradient(loss, [W, b]), [W, b]))


# A convolutional network of plain functions.
class Net(tf.Module):
    def __init__(self):
        super().__init__(name="net")
        initial = tf.initializers.RandomNormal(stddev=0.1)
        self.weights = {
            "wc1": tf.Variable(initial([3, 3, 1, 4])),
            "out": tf.Variable(initial([3 * 3 * 4, 2])),
        }
        self.biases = {"bc1": tf.Variable(tf.zeros([4])), "out": tf.Variable(tf.zeros([2]))}

    @tf.function
    def __call__(self, x):
        x = tf.reshape(x, [-1, 6, 6, 1])
        x = tf.nn.conv2d(x, self.weights["wc1"], strides=[1, 1, 1, 1], padding="SAME")
        x = tf.nn.relu(tf.nn.bias_add(x, self.biases["bc1"]))
        x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        x = tf.reshape(x, [-1, self.weights["out"].get_shape().as_list()[0]])
        return tf.add(tf.matmul(x, self.weights["out"]), self.biases["out"])


net = Net()
pictures = generator.normal(size=(64, 36)).astype("float32")
kinds = (pictures.mean(axis=1) > 0).astype("int64")
adam = tf.keras.optimizers.Adam(0.02)
net_losses = []
for _ in range(40):
    with tf.GradientTape() as g:
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(tf.one_hot(kinds, depth=2), net(pictures)))
    variables = list(net.weights.values()) + list(net.biases.values())
    adam.apply_gradients(zip(g.gradient(loss, variables), variables))
    net_losses.append(loss.numpy())

# Derivatives of derivatives, and a persistent tape.
x = tf.Variable(2.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = x**3
    first = inner.gradient(y, x)
second = outer.gradient(first, x)
z = tf.constant([1.0, 2.0])
with tf.GradientTape(persistent=True) as tape:
    tape.watch(z)
    square, cube = z * z, z * z * z
pair = [tape.gradient(square, z).numpy().tolist(), tape.gradient(cube, z).numpy().tolist()]
del tape
with tf.GradientTape() as tape:
    tape.watch(z)
    out = tf.stack([z[0] * z[1], z[0] + z[1]])
jacobian = tape.jacobian(out, z)

# Words, by noise-contrastive estimation.
table = tf.Variable(tf.random.normal([20, 8]))
nce_weights, nce_biases = tf.Variable(tf.random.normal([20, 8])), tf.Variable(tf.zeros([20]))
words = tf.constant(generator.integers(0, 20, 32))
targets = tf.expand_dims((words + 1) % 20, 1)
nce = []
sgd = tf.optimizers.SGD(0.5)
for _ in range(40):
    with tf.GradientTape() as tape:
        embedded = tf.nn.embedding_lookup(table, words)
        loss = tf.reduce_mean(
            tf.nn.nce_loss(
                weights=nce_weights, biases=nce_biases, labels=targets, inputs=embedded, num_sampled=8, num_classes=20
            )
        )
    every = [table, nce_weights, nce_biases]
    sgd.apply_gradients(zip(tape.gradient(loss, every), every))
    nce.append(float(loss))


@tf.function
def collatz(n):
    steps = tf.constant(0)
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


tf.print("line:", W, b)
print(
    "RESULT",
    {
        "line": [round(float(W), 2), round(float(b), 2)],
        "net": bool(net_losses[-1] < 0.5 * net_losses[0]),
        "variables": len(net.trainable_variables),
        "second": float(second),
        "pair": pair,
        "jacobian": jacobian.numpy().tolist(),
        "words": nce[-1] < 0.5 * nce[0],
        "collatz": int(collatz(tf.constant(6))),
    },
)
