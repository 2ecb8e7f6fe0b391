"""Well-known networks for images and texts, with the layer names, weight order and counts of their reference.

That is Keras, torchvision or the transformers library.

No weights come with the package: `weights` is None or the path of a file.
"""

from gradmill.applications import (
    alexnet,
    bert,
    convnext,
    densenet,
    distilbert,
    efficientnet,
    efficientnet_v2,
    imagenet_utils,
    inception_resnet_v2,
    inception_v3,
    mobilenet,
    mobilenet_v2,
    mobilenet_v3,
    nasnet,
    resnet,
    resnet18,
    resnet50,
    resnet_v2,
    squeezenet,
    unet,
    vgg,
    vgg16,
    vgg19,
    xception,
)
from gradmill.applications.alexnet import AlexNet
from gradmill.applications.bert import Bert
from gradmill.applications.convnext import ConvNeXtBase, ConvNeXtLarge, ConvNeXtSmall, ConvNeXtTiny, ConvNeXtXLarge
from gradmill.applications.densenet import DenseNet121, DenseNet169, DenseNet201
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
from gradmill.applications.efficientnet_v2 import (
    EfficientNetV2B0,
    EfficientNetV2B1,
    EfficientNetV2B2,
    EfficientNetV2B3,
    EfficientNetV2L,
    EfficientNetV2M,
    EfficientNetV2S,
)
from gradmill.applications.inception_resnet_v2 import InceptionResNetV2
from gradmill.applications.inception_v3 import InceptionV3
from gradmill.applications.mobilenet import MobileNet
from gradmill.applications.mobilenet_v2 import MobileNetV2
from gradmill.applications.mobilenet_v3 import MobileNetV3Large, MobileNetV3Small
from gradmill.applications.nasnet import NASNetLarge, NASNetMobile
from gradmill.applications.resnet import ResNet50, ResNet101, ResNet152
from gradmill.applications.resnet18 import ResNet18, ResNet34
from gradmill.applications.resnet_v2 import ResNet50V2, ResNet101V2, ResNet152V2
from gradmill.applications.squeezenet import SqueezeNet1_0, SqueezeNet1_1
from gradmill.applications.unet import UNet
from gradmill.applications.vgg import VGG16, VGG19
from gradmill.applications.xception import Xception

__all__ = [
    "AlexNet",
    "Bert",
    "ConvNeXtBase",
    "ConvNeXtLarge",
    "ConvNeXtSmall",
    "ConvNeXtTiny",
    "ConvNeXtXLarge",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "DistilBert",
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet101",
    "ResNet101V2",
    "ResNet152",
    "ResNet152V2",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet50V2",
    "SqueezeNet1_0",
    "SqueezeNet1_1",
    "UNet",
    "VGG16",
    "VGG19",
    "Xception",
    "alexnet",
    "bert",
    "convnext",
    "densenet",
    "distilbert",
    "efficientnet",
    "efficientnet_v2",
    "imagenet_utils",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3",
    "nasnet",
    "resnet",
    "resnet18",
    "resnet50",
    "resnet_v2",
    "squeezenet",
    "unet",
    "vgg",
    "vgg16",
    "vgg19",
    "xception",
]
