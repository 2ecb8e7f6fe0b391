"""An encoder and a decoder with attention from plain layers; pictures to pictures with skip connections."""

import numpy as np

import tensorflow as tf

tf.random.set_seed(1)
generator = np.random.default_rng(1)
UNITS, SYMBOLS, LENGTH = 24, 8, 5
sources = generator.integers(2, SYMBOLS, (256, LENGTH)).astype("int64")
targets = np.concatenate([np.ones((256, 1), "int64"), sources[:, ::-1]], axis=1)  # 1 begins a sentence


class Encoder(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(SYMBOLS, 16)
        self.gru = tf.keras.layers.GRU(
            UNITS, return_sequences=True, return_state=True, recurrent_initializer="glorot_uniform"
        )

    def call(self, x, hidden):
        output, state = self.gru(self.embedding(x), initial_state=hidden)
        return output, state

    def initialize_hidden_state(self, batch):
        return tf.zeros((batch, UNITS))


class BahdanauAttention(tf.keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.W1, self.W2 = tf.keras.layers.Dense(units), tf.keras.layers.Dense(units)
        self.V = tf.keras.layers.Dense(1)

    def call(self, query, values):
        query_with_time_axis = tf.expand_dims(query, 1)
        score = self.V(tf.nn.tanh(self.W1(query_with_time_axis) + self.W2(values)))
        attention_weights = tf.nn.softmax(score, axis=1)
        context_vector = tf.reduce_sum(attention_weights * values, axis=1)
        return context_vector, attention_weights


class Decoder(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(SYMBOLS, 16)
        self.gru = tf.keras.layers.GRU(UNITS, return_sequences=True, return_state=True)
        self.fc = tf.keras.layers.Dense(SYMBOLS)
        self.attention = BahdanauAttention(UNITS)

    def call(self, x, hidden, enc_output):
        context_vector, attention_weights = self.attention(hidden, enc_output)
        x = self.embedding(x)
        x = tf.concat([tf.expand_dims(context_vector, 1), x], axis=-1)
        output, state = self.gru(x)
        output = tf.reshape(output, (-1, output.shape[2]))
        return self.fc(output), state, attention_weights


encoder, decoder = Encoder(), Decoder()
optimizer = tf.keras.optimizers.Adam(0.01)
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def loss_function(real, pred):
    mask = tf.math.logical_not(tf.math.equal(real, 0))
    loss_ = loss_object(real, pred)
    loss_ *= tf.cast(mask, dtype=loss_.dtype)
    return tf.reduce_mean(loss_)


@tf.function
def train_step(inp, targ, enc_hidden):
    loss = 0
    with tf.GradientTape() as tape:
        enc_output, enc_hidden = encoder(inp, enc_hidden)
        dec_hidden = enc_hidden
        dec_input = tf.expand_dims([1] * targ.shape[0], 1)
        for t in range(1, targ.shape[1]):
            predictions, dec_hidden, _ = decoder(dec_input, dec_hidden, enc_output)
            loss += loss_function(targ[:, t], predictions)
            dec_input = tf.expand_dims(targ[:, t], 1)
    batch_loss = loss / int(targ.shape[1])
    variables = encoder.trainable_variables + decoder.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return batch_loss


dataset = tf.data.Dataset.from_tensor_slices((sources, targets)).shuffle(256).batch(64, drop_remainder=True)
losses = []
for _ in range(6):
    enc_hidden = encoder.initialize_hidden_state(64)
    for inp, targ in dataset.take(4):
        losses.append(float(train_step(inp, targ, enc_hidden)))
_, _, weights = decoder(tf.constant([[1]]), tf.zeros((1, UNITS)), encoder(sources[:1], tf.zeros((1, UNITS)))[0])


def downsample(filters, size, apply_batchnorm=True):
    result = tf.keras.Sequential()
    result.add(tf.keras.layers.Conv2D(
        filters, size, strides=2, padding="same", kernel_initializer=tf.random_normal_initializer(0.0, 0.02),
        use_bias=False,
    ))
    if apply_batchnorm:
        result.add(tf.keras.layers.BatchNormalization())
    result.add(tf.keras.layers.LeakyReLU())
    return result


def upsample(filters, size):
    result = tf.keras.Sequential()
    result.add(tf.keras.layers.Conv2DTranspose(filters, size, strides=2, padding="same", use_bias=False))
    result.add(tf.keras.layers.BatchNormalization())
    result.add(tf.keras.layers.ReLU())
    return result


inputs = tf.keras.layers.Input(shape=[16, 16, 3])
x, skips = inputs, []
for down in [downsample(4, 4, apply_batchnorm=False), downsample(8, 4)]:
    x = down(x)
    skips.append(x)
for up, skip in zip([upsample(4, 4)], reversed(skips[:-1])):
    x = tf.keras.layers.Concatenate()([up(x), skip])
picture = tf.keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")(x)
network = tf.keras.Model(inputs=inputs, outputs=picture)


def random_jitter(input_image, real_image):
    input_image, real_image = tf.image.resize(input_image, [20, 20]), tf.image.resize(real_image, [20, 20])
    stacked_image = tf.stack([input_image, real_image], axis=0)
    cropped_image = tf.image.random_crop(stacked_image, size=[2, 16, 16, 3])
    if tf.random.uniform(()) > 0.5:
        cropped_image = tf.image.flip_left_right(cropped_image)
    return cropped_image[0], cropped_image[1]


pictures = generator.random((24, 16, 16, 3)).astype("float32") * 2 - 1
pairs = tf.data.Dataset.from_tensor_slices((pictures, -pictures)).map(random_jitter).shuffle(24).batch(8)
network_optimizer = tf.keras.optimizers.Adam(2e-2, beta_1=0.5)


@tf.function
def network_step(input_image, target):
    with tf.GradientTape() as tape:
        l1_loss = tf.reduce_mean(tf.abs(target - network(input_image, training=True)))
    gradients = tape.gradient(l1_loss, network.trainable_variables)
    network_optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return l1_loss


errors = [float(network_step(a, b)) for _ in range(6) for a, b in pairs]
print(
    "RESULT",
    {
        "fell": losses[-1] < 0.9 * losses[0], "weights": weights.shape.as_list(), "pictures": errors[-1] < errors[0],
        "steps": len(train_step.plans),
    },
)
