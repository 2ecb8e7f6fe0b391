"""A first network on MNIST: compile, fit, evaluate, a second model with softmax behind it."""

import tensorflow as tf

print("TensorFlow version:", tf.__version__)

mnist = tf.keras.datasets.mnist
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = tf.keras.models.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=(28, 28)),
        tf.keras.layers.Dense(64, activation="relu"),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(10),
    ]
)
scores = model(x_train[:1]).numpy()
shares = tf.nn.softmax(scores).numpy()
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
first_loss = loss_fn(y_train[:1], scores).numpy()

model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=8, verbose=0)
loss, accuracy = model.evaluate(x_test, y_test, verbose=2)

with_shares = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
total = tf.reduce_sum(with_shares(x_test[:5]), axis=1)
print("sum of shares:", shares.sum(), "first loss:", first_loss)
print("RESULT", {"accuracy": round(float(accuracy), 3), "total": [round(float(each), 4) for each in total]})
