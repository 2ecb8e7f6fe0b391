"""The networks of `vision.py` in Keras's style, for GradMill and for Keras."""


def mnist_cnn(keras, shape, classes):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def with_head(keras, name, shape, classes):
    """An application without its top, the mean over the image, and a dense layer."""
    base = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=shape)
    features = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(classes, activation="softmax")(features))


def whole(keras, name, shape, classes, activation):
    """An application with its top for `classes` classes."""
    return getattr(keras.applications, name)(
        weights=None, input_shape=shape, classes=classes, classifier_activation=activation
    )


# Application of a network, and the activation of its top: None gives logits.
WHOLE = {
    "cifar_resnet50": ("ResNet50", "softmax"),
    "vgg16": ("VGG16", None),
    "resnet18": ("ResNet18", None),
    "alexnet": ("AlexNet", None),
    "efficientnet_b0": ("EfficientNetB0", None),
    "squeezenet1_1": ("SqueezeNet1_1", None),
}
HEADLESS = {"resnet50_224": "ResNet50", "mobilenetv2_224": "MobileNetV2"}


def build(keras, network, shape, classes):
    """A network by name; LookupError where this Keras has no such application."""
    if network == "mnist_cnn":
        return mnist_cnn(keras, shape, classes)
    name, activation = WHOLE[network] if network in WHOLE else (HEADLESS[network], None)
    if not hasattr(keras.applications, name):
        raise LookupError(f"{name} is not among {keras.__name__}.applications")
    if network in HEADLESS:
        return with_head(keras, name, shape, classes)
    return whole(keras, name, shape, classes, activation)
