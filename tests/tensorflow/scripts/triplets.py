"""Networks that compare: three images a batch, then two data sets of different batch sizes and two optimizers."""

import keras
import numpy as np
from keras import layers, ops

import tensorflow as tf

keras.utils.set_random_seed(1)
generator = np.random.default_rng(3)
kinds = np.arange(96) % 4
images = (generator.normal(size=(96, 6, 6, 1)) * 0.3 + kinds[:, None, None, None]).astype("float32")


class DistanceLayer(layers.Layer):
    def call(self, anchor, positive, negative):
        return tf.reduce_sum(tf.square(anchor - positive), -1), tf.reduce_sum(tf.square(anchor - negative), -1)


embedding = keras.Sequential([layers.Flatten(), layers.Dense(8)], name="embedding")
parts = [layers.Input(name=name, shape=(6, 6, 1)) for name in ("anchor", "positive", "negative")]
network = keras.Model(inputs=parts, outputs=DistanceLayer()(*(embedding(part) for part in parts)))


class SiameseModel(keras.Model):
    def __init__(self, siamese_network, margin=0.5):
        super().__init__()
        self.siamese_network, self.margin = siamese_network, margin
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def call(self, inputs):
        return self.siamese_network(inputs)

    def loss_of(self, data):
        ap_distance, an_distance = self.siamese_network(data)
        return tf.maximum(ap_distance - an_distance + self.margin, 0.0)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self.loss_of(data)
        gradients = tape.gradient(loss, self.siamese_network.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.siamese_network.trainable_weights))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        self.loss_tracker.update_state(self.loss_of(data))
        return {"loss": self.loss_tracker.result()}

    @property
    def metrics(self):
        return [self.loss_tracker]


anchors = tf.data.Dataset.from_tensor_slices(images)
positives = tf.data.Dataset.from_tensor_slices(np.roll(images, 4, axis=0))
negatives = tf.data.Dataset.from_tensor_slices(np.roll(images, 1, axis=0))
triplets = tf.data.Dataset.zip((anchors, positives, negatives)).shuffle(96)
siamese = SiameseModel(network)
siamese.compile(optimizer=keras.optimizers.Adam(0.01))
history = siamese.fit(
    triplets.take(80).batch(16), epochs=4, validation_data=triplets.skip(80).batch(16), verbose=0
)
anchor, positive, _ = next(iter(triplets.batch(8)))
similarity = keras.metrics.CosineSimilarity()(embedding(anchor), embedding(positive)).numpy()


class RandomGain(layers.Layer):
    def __init__(self, amount, **kwargs):
        super().__init__(**kwargs)
        self.amount, self.seed_generator = amount, keras.random.SeedGenerator(1337)

    def call(self, x, training=True):
        if not training:
            return x
        size = (ops.shape(x)[0], 1, 1, 1)
        return x * (1 + keras.random.uniform(size, -self.amount, self.amount, seed=self.seed_generator))


class ContrastiveModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.augmenter = keras.Sequential([layers.RandomFlip("horizontal"), RandomGain(0.1)])
        self.encoder = keras.Sequential([layers.Flatten(), layers.Dense(16, activation="relu")])
        self.projection_head = keras.Sequential([keras.Input(shape=(16,)), layers.Dense(8)])
        self.linear_probe = keras.Sequential([layers.Input(shape=(16,)), layers.Dense(4)])

    def compile(self, contrastive_optimizer, probe_optimizer, **kwargs):
        super().compile(**kwargs)
        self.contrastive_optimizer, self.probe_optimizer = contrastive_optimizer, probe_optimizer
        self.probe_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.trackers = [keras.metrics.Mean(name=name) for name in ("c_loss", "p_loss")]

    @property
    def metrics(self):
        return self.trackers

    def train_step(self, data):
        unlabeled, (labeled, labels) = data
        both = ops.concatenate((unlabeled, labeled), axis=0)
        views = [self.augmenter(both, training=True) for _ in range(2)]
        weights = self.encoder.trainable_weights + self.projection_head.trainable_weights
        with tf.GradientTape() as tape:
            one, two = (ops.normalize(self.projection_head(self.encoder(view)), axis=1) for view in views)
            logits = ops.matmul(one, ops.transpose(two)) / 0.1
            loss = keras.losses.sparse_categorical_crossentropy(ops.arange(ops.shape(one)[0]), logits, from_logits=True)
        self.contrastive_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        with tf.GradientTape() as tape:
            probe_loss = self.probe_loss(labels, self.linear_probe(self.encoder(labeled, training=False)))
        weights = self.linear_probe.trainable_weights
        self.probe_optimizer.apply_gradients(zip(tape.gradient(probe_loss, weights), weights))
        for tracker, value in zip(self.trackers, (loss, probe_loss)):
            tracker.update_state(value)
        return {m.name: m.result() for m in self.metrics}


pairs = tf.data.Dataset.zip((anchors.batch(16), tf.data.Dataset.from_tensor_slices((images, kinds)).batch(8)))
contrastive = ContrastiveModel()
contrastive.compile(contrastive_optimizer=keras.optimizers.Adam(), probe_optimizer=keras.optimizers.Adam(0.05))
logs = contrastive.fit(pairs, epochs=6, verbose=0).history
print("RESULT", {
    "fell": history.history["loss"][-1] < history.history["loss"][0], "logs": sorted(history.history),
    "similar": bool(similarity > 0.5), "probe": logs["p_loss"][-1] < logs["p_loss"][0], "both": sorted(logs),
})
