"""Models that the tests of this folder share, written against names that GradMill and Keras both have."""


def make_models(keras):
    """Functions that make one model each, by name."""
    layers = keras.layers

    def sequential():
        return keras.Sequential(
            [
                keras.Input((3, 2)),
                layers.Flatten(),
                layers.Dense(5, activation="relu"),
                layers.Dropout(0.0),
                layers.Dense(3, activation="softmax"),
            ]
        )

    def functional():
        left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
        normalize = layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0])
        shared = layers.Dense(4, activation="tanh", name="shared")
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, kernel_regularizer="l2")], name="inner")
        a, b = shared(normalize(left)), shared(right)
        joined = layers.Concatenate()([layers.Add()([a, b]), layers.Multiply()([inner(a), b])])
        output = layers.Dense(1, name="head")(layers.LeakyReLU(0.2)(joined))
        return keras.Model({"left": left, "right": right}, output, name="pair")

    def shapes():
        x = keras.Input((2, 6))
        y = layers.Reshape((3, 4))(layers.Permute((2, 1))(x))
        y = layers.Rescaling(0.5, offset=0.1)(layers.Activation("gelu")(y))
        y = layers.Flatten()(layers.GaussianNoise(0.1)(y))
        y = layers.Dense(3, kernel_initializer="he_normal", bias_regularizer="l1", kernel_constraint="max_norm")(y)
        y = layers.Maximum()([layers.ELU()(y), layers.Softmax()(y), layers.ReLU(max_value=1.0)(y)])
        return keras.Model(x, layers.RepeatVector(2)(y))

    def operators():
        x = keras.Input((4,))
        y = layers.Dense(4)(x)
        return keras.Model(x, keras.ops.relu(y * 2.0 + x) - y / 3.0)

    def several_outputs():
        x = keras.Input((4,))
        y = layers.Dense(4, name="trunk")(x)
        return keras.Model(x, [layers.Dense(2, name="first")(y), layers.Dense(3, use_bias=False, name="second")(y)])

    def convolutions():
        x = keras.Input((8, 9, 2))
        y = layers.Conv2D(4, 3, padding="same", activation="relu", kernel_regularizer="l2")(x)
        y = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)(y)
        y = layers.SeparableConv2D(6, 3, padding="same", depthwise_initializer="he_normal")(y)
        y = layers.Conv2DTranspose(2, (3, 2), strides=2, padding="same", output_padding=1)(y)
        y = layers.Conv1D(3, 3, padding="causal", dilation_rate=2)(layers.Reshape((-1, 4))(y))
        return keras.Model(x, layers.Conv1DTranspose(2, 3)(layers.SeparableConv1D(3, 2)(y)))

    def vision():
        x = keras.Input((8, 8, 2))
        y = layers.RandomFlip("horizontal", seed=1)(x)
        y = layers.BatchNormalization(momentum=0.9, name="norm")(layers.ZeroPadding2D(1)(y))
        y = layers.MaxPooling2D(3, 2, padding="same")(y)
        y = layers.GroupNormalization(groups=2)(layers.UpSampling2D(2, interpolation="bilinear")(y))
        y = layers.LayerNormalization()(layers.AveragePooling2D(2)(y))
        y = layers.RMSNormalization()(layers.Cropping2D(1)(y))
        y = layers.UnitNormalization()(layers.Resizing(4, 3)(y))
        return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))

    def recurrent():
        x = keras.Input((5, 3))
        y = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(x)
        y = layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2)], return_sequences=True)(y)
        y, h = layers.GRU(3, return_sequences=True, return_state=True, reset_after=False, dropout=0.2)(y)
        y = layers.SimpleRNN(3, go_backwards=True, stateful=False)(y, initial_state=h)
        return keras.Model(x, layers.Dense(2)(y))

    def embedded():
        x = keras.Input((5, 3))
        y = layers.TimeDistributed(layers.Dense(1, activation="sigmoid"))(layers.Masking(-1.0)(x))
        y = layers.Embedding(4, 3, mask_zero=True)(layers.Flatten()(layers.Rescaling(3.9)(y)))
        return keras.Model(x, layers.LSTM(2, recurrent_dropout=0.1, zero_output_for_mask=True)(y))

    made = (sequential, functional, shapes, operators, several_outputs, convolutions, vision, recurrent, embedded)
    return {each.__name__: each for each in made}


def make_blocks(keras):
    """A subclassed model with layers in every kind of place."""
    layers = keras.layers

    class Blocks(keras.Model):
        def __init__(self):
            super().__init__()
            self.entry = layers.Dense(4, activation="relu")
            self.blocks = [layers.Dense(4), [layers.Dense(4, use_bias=False)]]
            self.table = {"left": layers.Dense(4), "right": layers.Dense(4)}
            self.inner = keras.Sequential([layers.Dense(4), layers.Dense(4)])
            self._hidden = layers.Dense(3)
            self.zoom = layers.Dense(2)
            self.scale = self.add_weight(shape=(4,), initializer="random_normal", name="scale")

        def call(self, x):
            x = self.blocks[1][0](self.blocks[0](self.entry(x))) * self.scale
            x = self.inner(self.table["left"](x) + self.table["right"](x))
            return self.zoom(self._hidden(x))

    return Blocks()


def inputs_for(model, rng, rows=6):
    """Random inputs for a functional or sequential model, as Keras wants them."""
    given = model.inputs
    arrays = [rng.normal(size=(rows, *each.shape[1:])).astype("float32") for each in given]
    names = [each.name for each in given]
    return dict(zip(names, arrays)) if len(arrays) > 1 else arrays[0]


def perturb(variables, rng):
    """Give every variable values that tell it from the others."""
    for variable in variables:
        variable.assign((rng.normal(size=tuple(variable.shape)) * 0.5).astype("float32"))
