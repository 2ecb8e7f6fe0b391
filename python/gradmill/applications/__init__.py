"""Well-known networks for images and texts, with the layer names, weight order and counts of their reference.

That is Keras, torchvision or the transformers library.

No weights come with the package: `weights` is None or the path of a file.
"""

from gradmill.applications import (
    alexnet,
    bert,
    distilbert,
    efficientnet,
    imagenet_utils,
    mobilenet_v2,
    resnet,
    resnet18,
    resnet50,
    resnet_v2,
    squeezenet,
    unet,
    vgg,
    vgg16,
    vgg19,
)
from gradmill.applications.alexnet import AlexNet
from gradmill.applications.bert import Bert
from gradmill.applications.distilbert import DistilBert
from gradmill.applications.efficientnet import (
    EfficientNetB0,
    EfficientNetB1,
    EfficientNetB2,
    EfficientNetB3,
    EfficientNetB4,
    EfficientNetB5,
    EfficientNetB6,
    EfficientNetB7,
)
from gradmill.applications.mobilenet_v2 import MobileNetV2
from gradmill.applications.resnet import ResNet50, ResNet101, ResNet152
from gradmill.applications.resnet18 import ResNet18, ResNet34
from gradmill.applications.resnet_v2 import ResNet50V2, ResNet101V2, ResNet152V2
from gradmill.applications.squeezenet import SqueezeNet1_0, SqueezeNet1_1
from gradmill.applications.unet import UNet
from gradmill.applications.vgg import VGG16, VGG19

__all__ = [
    "AlexNet",
    "Bert",
    "DistilBert",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "MobileNetV2",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet50V2",
    "ResNet101",
    "ResNet101V2",
    "ResNet152",
    "ResNet152V2",
    "SqueezeNet1_0",
    "SqueezeNet1_1",
    "UNet",
    "VGG16",
    "VGG19",
    "alexnet",
    "bert",
    "distilbert",
    "efficientnet",
    "imagenet_utils",
    "mobilenet_v2",
    "resnet",
    "resnet18",
    "resnet50",
    "resnet_v2",
    "squeezenet",
    "unet",
    "vgg",
    "vgg16",
    "vgg19",
]
