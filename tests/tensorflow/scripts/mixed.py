"""Half precision by a policy, with a scaled loss; switches of devices and compilers around it."""

import numpy as np
from tensorflow.keras import layers, mixed_precision

import tensorflow as tf

tf.debugging.set_log_device_placement(False)
tf.config.set_visible_devices([], "GPU")
tf.config.optimizer.set_jit(True)
tf.config.threading.set_intra_op_parallelism_threads(2)
gpus = tf.config.list_physical_devices("GPU")
for gpu in tf.config.experimental.list_physical_devices("GPU"):
    tf.config.experimental.set_memory_growth(gpu, True)

policy = mixed_precision.Policy("mixed_float16")
mixed_precision.set_global_policy(policy)
strategy = tf.distribute.MirroredStrategy()
with strategy.scope(), tf.device("/gpu:0"):
    model = tf.keras.Sequential(
        [layers.Dense(np.int64(32), activation="relu"), layers.Dense(4), layers.Activation("softmax", dtype="float32")]
    )
    optimizer = mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD(learning_rate=0.1, momentum=0.9))
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
x = tf.random.normal([256, 8], seed=3).numpy()
y = np.abs(x[:, :4]).argmax(axis=1)
history = model.fit(x, y, batch_size=32, epochs=20, verbose=0)
hidden = model.layers[0](tf.constant(x[:2]))
print(
    "RESULT",
    {
        "gpus": len(gpus),
        "replicas": strategy.num_replicas_in_sync,
        "hidden": hidden.dtype.name,
        "output": model(x[:2]).dtype.name,
        "weights": model.layers[0].kernel.dtype.name,
        "fell": history.history["loss"][-1] < history.history["loss"][0],
        "policy": mixed_precision.global_policy().name,
    },
)
