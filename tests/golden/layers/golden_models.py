"""Small models built from any package that looks like Keras, for the script that makes the fixtures and the tests."""

# Without sparsemax, which Keras 3 computes by a formula whose outputs do not sum to one.
ACTIVATIONS = (
    "relu leaky_relu relu6 softmax celu elu selu softplus softsign squareplus soft_shrink sparse_plus silu gelu glu "
    "tanh tanh_shrink sigmoid sparse_sigmoid exponential hard_sigmoid hard_silu hard_tanh hard_shrink linear mish "
    "log_softmax log_sigmoid swish hard_swish"
).split()


def sequential_mlp(k):
    layers = k.layers
    return k.Sequential(
        [
            k.Input((4,)),
            layers.Dense(5, activation="relu"),
            layers.Dropout(0.25, seed=3),
            layers.Dense(3, use_bias=False),
            layers.Activation("softmax"),
        ]
    )


def sequential_built_later(k):
    model = k.Sequential(name="later")
    model.add(k.layers.Flatten())
    model.add(k.layers.Dense(3, activation=k.layers.LeakyReLU(negative_slope=0.1)))
    model.build((None, 2, 3))
    return model


def sequential_in_sequential(k):
    layers = k.layers
    inner = k.Sequential([k.Input((4,)), layers.Dense(3, activation="tanh")], name="inner")
    return k.Sequential([k.Input((4,)), inner, layers.Dense(2)])


def functional_branches(k):
    layers = k.layers
    first, second = k.Input((3,), name="first"), k.Input((3,), name="second")
    shared = layers.Dense(3, name="shared")
    x, y = shared(first), shared(second)
    z = layers.Add(name="sum")([x, y])
    entry = k.Input((3,), name="entry")
    inner = k.Model(entry, layers.Dense(2, name="inside")(entry), name="inner")
    return k.Model(
        {"q": second, "p": first}, [inner(z), {"k": inner(x), "a": layers.Dense(1, name="head")(y)}], name="tree"
    )


def functional_diamond(k):
    layers = k.layers
    entry = k.Input((4,))
    a = layers.Dense(4, activation="relu")(entry)
    b = layers.Dense(4)(a)
    c = layers.Dropout(0.5)(entry)
    d = layers.Add()([b, a])
    e = layers.Concatenate()([c, d, entry])
    for _ in range(3):
        e = layers.Add()([e, layers.Dense(12)(e)])
    return k.Model(inputs=entry, outputs=[layers.Dense(2, name="out")(e), d])


def functional_ops(k):
    ops = k.ops
    entry = k.Input((4,))
    x = k.layers.Dense(4)(entry)
    y = 1.0 - x * 2 + 0.5
    y = ops.exp(-ops.abs(y)) / 3.0
    m = ops.mean(y, axis=-1, keepdims=True)
    z = ops.concatenate([y, m], axis=-1)
    z = ops.relu(z[:, 1:4]) + ops.softmax(x[:, :3], axis=-1)
    w = ops.matmul(ops.expand_dims(z, 1), ops.expand_dims(z, 2))
    return k.Model(entry, [z, ops.reshape(w, (-1, 1)), ops.where(x > 0, x, ops.zeros_like(x))])


def masks(k):
    layers = k.layers
    entry, other = k.Input((4, 2)), k.Input((4, 2))
    x, y = layers.Masking()(entry), layers.Masking(mask_value=1.0)(other)
    outputs = [
        layers.Add()([x, y]),
        layers.Activation("relu")(x),
        layers.Dense(2)(y),
        layers.Concatenate(axis=1)([x, y]),
    ]
    return k.Model([entry, other], outputs)


def activations(k):
    layers = k.layers
    entry = k.Input((6,))
    outputs = [layers.Activation(name)(entry) for name in ACTIVATIONS]
    outputs += [
        layers.ReLU()(entry),
        layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.3)(entry),
        layers.ReLU(threshold=0.5)(entry),
        layers.ReLU(max_value=6)(entry),
        layers.LeakyReLU()(entry),
        layers.ELU(alpha=0.5)(entry),
        layers.Softmax()(entry),
        layers.PReLU(alpha_initializer="ones")(entry),
        layers.PReLU(shared_axes=[1])(entry),
    ]
    return k.Model(entry, outputs)


def merging(k):
    layers = k.layers
    a, b, c = k.Input((3, 4)), k.Input((3, 4)), k.Input((4,))
    outputs = [
        layers.Add()([a, b, c]),
        layers.Subtract()([a, b]),
        layers.Multiply()([a, b]),
        layers.Average()([a, b]),
        layers.Maximum()([a, b]),
        layers.Minimum()([a, b]),
        layers.Concatenate()([a, b]),
        layers.Concatenate(axis=1)([a, b]),
        layers.Dot(axes=2)([a, b]),
        layers.Dot(axes=(1, 1), normalize=True)([a, b]),
        layers.Dot(axes=(2, 1))([a, c]),
        layers.Dot(axes=(1, 2))([c, a]),
        layers.Dot(axes=1)([c, c]),
    ]
    return k.Model([a, b, c], outputs)


def reshaping(k):
    layers = k.layers
    entry = k.Input((2, 3, 4))
    outputs = [
        layers.Flatten()(entry),
        layers.Flatten(data_format="channels_first")(entry),
        layers.Reshape((6, -1))(entry),
        layers.Permute((3, 1, 2))(entry),
        layers.RepeatVector(3)(layers.Flatten()(entry)),
        layers.Identity()(entry),
        layers.Rescaling(1 / 127.5, offset=-1)(entry),
        layers.Rescaling([1.0, 2.0, 3.0, 4.0], offset=[0.0, 1.0, 2.0, 3.0])(entry),
        layers.Softmax(axis=[1, 2])(entry),
        layers.Dense(2)(entry),
        layers.SpatialDropout2D(0.5)(entry),
    ]
    return k.Model(entry, outputs)


def normalization(k):
    layers = k.layers
    entry = k.Input((3, 2))
    outputs = [
        layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])(entry),
        layers.Normalization(axis=None, mean=0.5, variance=2.0)(entry),
        layers.Normalization(axis=(1, 2), mean=[[1.0, 2.0]] * 3, variance=[[1.0, 4.0]] * 3, invert=True)(entry),
        layers.Normalization()(entry),
    ]
    return k.Model(entry, outputs)


def regularized(k):
    layers = k.layers
    return k.Sequential(
        [
            k.Input((4,)),
            layers.Dense(
                3,
                kernel_initializer="he_normal",
                bias_initializer=k.initializers.Constant(0.5),
                kernel_regularizer=k.regularizers.L1L2(0.01, 0.02),
                bias_regularizer="l2",
                activity_regularizer=k.regularizers.L1(0.03),
                kernel_constraint=k.constraints.MaxNorm(1.5, axis=0),
                bias_constraint="non_neg",
            ),
            layers.ActivityRegularization(l1=0.1, l2=0.2),
            layers.Dense(
                2,
                kernel_initializer=k.initializers.RandomUniform(-0.1, 0.1, seed=7),
                kernel_regularizer=k.regularizers.OrthogonalRegularizer(0.1, mode="columns"),
                trainable=False,
            ),
        ]
    )


def noise(k):
    layers = k.layers
    entry = k.Input((5, 4))
    outputs = [
        layers.GaussianNoise(0.3, seed=1)(entry),
        layers.GaussianDropout(0.3)(entry),
        layers.AlphaDropout(0.2, noise_shape=(None, 1, 4))(entry),
        layers.SpatialDropout1D(0.2)(entry),
        layers.Dropout(0.3, noise_shape=(None, 1, 4))(entry, training=False),
    ]
    return k.Model(entry, outputs)


MODELS = (
    sequential_mlp, sequential_built_later, sequential_in_sequential, functional_branches, functional_diamond,
    functional_ops, masks, activations, merging, reshaping, normalization, regularized, noise,
)  # fmt: skip
