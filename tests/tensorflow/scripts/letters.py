"""A network that writes letters one after the other: look-ups both ways, states, a function of text."""

import tensorflow as tf

TEXT = "the old mill grinds slowly and the wind blows over the hill to the mill " * 20

tf.random.set_seed(1)
letters = sorted(set(TEXT))
numbers_of = tf.keras.layers.StringLookup(vocabulary=letters, mask_token=None)
letters_of = tf.keras.layers.StringLookup(vocabulary=numbers_of.get_vocabulary(), invert=True, mask_token=None)


def text_of(numbers):
    return tf.strings.reduce_join(letters_of(numbers), axis=-1)


numbers = numbers_of(tf.strings.unicode_split(TEXT, "UTF-8"))
lines = tf.data.Dataset.from_tensor_slices(numbers).batch(25, drop_remainder=True)
pairs = lines.map(lambda line: (line[:-1], line[1:]))
first, following = next(iter(pairs))
batches = pairs.shuffle(100, seed=2).batch(8, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


class Writer(tf.keras.Model):
    def __init__(self, size):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(size, 16)
        self.gru = tf.keras.layers.GRU(48, return_sequences=True, return_state=True)
        self.dense = tf.keras.layers.Dense(size)

    def call(self, inputs, states=None, return_state=False, training=False):
        x = self.embedding(inputs, training=training)
        if states is None:
            states = self.gru.get_initial_state(x)
        x, states = self.gru(x, initial_state=states, training=training)
        x = self.dense(x, training=training)
        return (x, states) if return_state else x


class OneLetter(tf.keras.Model):
    def __init__(self, model):
        super().__init__()
        self.model = model
        unknown = numbers_of(["[UNK]"])[:, None]
        mask = tf.SparseTensor(values=[-float("inf")], indices=unknown, dense_shape=[len(numbers_of.get_vocabulary())])
        self.mask = tf.sparse.to_dense(mask)

    @tf.function
    def step(self, inputs, states=None):
        characters = numbers_of(tf.strings.unicode_split(inputs, "UTF-8")).to_tensor()
        logits, states = self.model(inputs=characters, states=states, return_state=True)
        chosen = tf.squeeze(tf.random.categorical(logits[:, -1, :] + self.mask, num_samples=1), axis=-1)
        return letters_of(chosen), states


model = Writer(len(numbers_of.get_vocabulary()))
loss = tf.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss=loss)
history = model.fit(batches, epochs=12, verbose=0)

writer, states, letter = OneLetter(model), None, tf.constant(["the ", "mill"])
written = [letter]
for _ in range(20):
    letter, states = writer.step(letter, states=states)
    written.append(letter)
lengths = [len(each) for each in tf.strings.join(written).numpy()]
print("RESULT", {
    "first": text_of(first).numpy().decode(), "following": text_of(following).numpy().decode(),
    "fell": history.history["loss"][-1] < 0.8 * history.history["loss"][0], "lengths": lengths,
})  # fmt: skip
