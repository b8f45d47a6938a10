"""Which models ``make conformance`` compares: of each project, the model's expression below its ``models`` and the shape of the input.

The smallest configuration of each family, made smaller still through its constructor's arguments where it takes them. Configurations that torch
itself computes differently in single and double precision say nothing about a port and are not in the table.
"""

from __future__ import annotations

from collections.abc import Mapping

IMAGE = "2,3,64,64"
VIDEO = "1,3,4,48,48"
#: target -> model -> (expression, input shape)
Models = Mapping[str, Mapping[str, tuple[str, str]]]

TORCHVISION: Models = {
    "mindspore": {
        "alexnet": ("alexnet:alexnet()", IMAGE),
        "vgg11_bn": ("vgg:vgg11_bn()", IMAGE),
        "resnet18": ("resnet:resnet18()", IMAGE),
        "resnet50": ("resnet:resnet50()", IMAGE),
        "resnext50_32x4d": ("resnet:resnext50_32x4d()", IMAGE),
        "wide_resnet50_2": ("resnet:wide_resnet50_2()", IMAGE),
        "densenet121": ("densenet:densenet121()", IMAGE),
        "googlenet": ("googlenet:googlenet(init_weights=False)", IMAGE),
        "inception_v3": ("inception:inception_v3(init_weights=False)", "2,3,107,107"),
        "mobilenet_v2": ("mobilenetv2:mobilenet_v2()", IMAGE),
        "mobilenet_v3_small": ("mobilenetv3:mobilenet_v3_small()", IMAGE),
        "mobilenet_v3_large": ("mobilenetv3:mobilenet_v3_large()", IMAGE),
        "mnasnet0_5": ("mnasnet:mnasnet0_5()", IMAGE),
        "shufflenet_v2_x0_5": ("shufflenetv2:shufflenet_v2_x0_5()", IMAGE),
        "squeezenet1_0": ("squeezenet:squeezenet1_0()", IMAGE),
        "squeezenet1_1": ("squeezenet:squeezenet1_1()", IMAGE),
        "efficientnet_b0": ("efficientnet:efficientnet_b0()", IMAGE),
        "efficientnet_v2_s": ("efficientnet:efficientnet_v2_s()", IMAGE),
        "regnet_x_400mf": ("regnet:regnet_x_400mf()", IMAGE),
        "regnet_y_400mf": ("regnet:regnet_y_400mf()", IMAGE),
        "convnext_tiny": ("convnext:convnext_tiny()", IMAGE),
        "swin_t": ("swin_transformer:swin_t()", IMAGE),
        "swin_v2_t": ("swin_transformer:swin_v2_t()", IMAGE),
        "vit_b_16": ("vision_transformer:vit_b_16(image_size=64)", IMAGE),
        "maxvit_t": ("maxvit:maxvit_t()", "1,3,224,224"),
        "fcn_resnet50": ("segmentation.fcn:fcn_resnet50(weights_backbone=None)", IMAGE),
        "deeplabv3_mobilenet_v3_large": ("segmentation.deeplabv3:deeplabv3_mobilenet_v3_large(weights_backbone=None)", IMAGE),
        "lraspp_mobilenet_v3_large": ("segmentation.lraspp:lraspp_mobilenet_v3_large(weights_backbone=None)", IMAGE),
        "r3d_18": ("video.resnet:r3d_18()", VIDEO),
        "mc3_18": ("video.resnet:mc3_18()", VIDEO),
        "r2plus1d_18": ("video.resnet:r2plus1d_18()", VIDEO),
        "s3d": ("video.s3d:s3d()", "1,3,13,209,209"),
        "swin3d_t": ("video.swin_transformer:swin3d_t()", VIDEO),
        "mvit_v1_b": ("video.mvit:mvit_v1_b()", "1,3,16,224,224"),
    },
    "keras": {
        "alexnet": ("alexnet:alexnet()", IMAGE),
        "vgg11_bn": ("vgg:vgg11_bn()", IMAGE),
        "resnet18": ("resnet:resnet18()", IMAGE),
        "mobilenet_v2": ("mobilenetv2:mobilenet_v2()", IMAGE),
        "densenet121": ("densenet:densenet121()", IMAGE),
        "vit_b_16": ("vision_transformer:vit_b_16(image_size=64)", IMAGE),
    },
}

TIMM: Models = {
    "mindspore": {
        "resnetv2": ("resnetv2:resnetv2_50(layers=[1, 1, 1, 1])", IMAGE),
        "nfnet": ("nfnet:nf_resnet26()", IMAGE),
        "efficientvit_mit": ("efficientvit_mit:efficientvit_b0()", IMAGE),
        "efficientvit_msra": ("efficientvit_msra:efficientvit_m0(img_size=128)", "2,3,128,128"),
        "mobilevit": ("mobilevit:mobilevit_xxs()", IMAGE),
        "pvt_v2": ("pvt_v2:pvt_v2_b0()", IMAGE),
        "cait": ("cait:cait_xxs24_224(img_size=64, depth=3)", IMAGE),
        "deit": ("deit:deit_tiny_distilled_patch16_224(img_size=64, depth=3)", IMAGE),
        "beit": ("beit:beit_base_patch16_224(img_size=64, embed_dim=96, depth=2, num_heads=3)", IMAGE),
        "eva": ("eva:eva02_tiny_patch14_224(img_size=56, depth=3)", "2,3,56,56"),
        "xcit": ("xcit:xcit_nano_12_p16_224(img_size=64, depth=3)", IMAGE),
        "coat": ("coat:coat_tiny(img_size=64, parallel_depth=2)", IMAGE),
        "crossvit": ("crossvit:crossvit_tiny_240()", "1,3,240,240"),
        "levit": ("levit:levit_128s()", "4,3,224,224"),
        "poolformer": ("metaformer:poolformer_s12()", IMAGE),
        "edgenext": ("edgenext:edgenext_xx_small()", IMAGE),
        "convnextv2": ("convnext:convnextv2_atto()", IMAGE),
        "mlp_mixer": ("mlp_mixer:mixer_s32_224(img_size=64)", IMAGE),
        "gmixer": ("mlp_mixer:gmixer_12_224(img_size=64)", IMAGE),
        "ghostnet": ("ghostnet:ghostnetv2_100()", IMAGE),
        "hrnet": ("hrnet:hrnet_w18_small()", IMAGE),
        "dpn": ("dpn:dpn48b(k_sec=(1, 1, 2, 1))", IMAGE),
        "res2net": ("res2net:res2net50_14w_8s(layers=[1, 1, 1, 1])", IMAGE),
        "resnest": ("resnest:resnest14d()", IMAGE),
        "sknet": ("sknet:skresnet18()", IMAGE),
        "vovnet": ("vovnet:ese_vovnet19b_slim_dw()", IMAGE),
        "tresnet": ("tresnet:tresnet_m(layers=[1, 1, 2, 1])", IMAGE),
        "volo": ("volo:VOLO(layers=(1, 1, 1, 1), img_size=64, embed_dims=(48, 96, 96, 96), num_heads=(2, 3, 3, 3))", IMAGE),
        "twins": ("twins:twins_svt_small(img_size=64, depths=[1, 1, 2, 1])", IMAGE),
        "visformer": ("visformer:visformer_tiny(img_size=64, depth=(2, 1, 1))", IMAGE),
        "swin": ("swin_transformer:swin_tiny_patch4_window7_224(img_size=56, depths=(2, 2, 2, 2))", "2,3,56,56"),
        "maxvit": ("maxxvit:maxvit_rmlp_pico_rw_256(img_size=64)", IMAGE),
        "coatnet": ("maxxvit:coatnet_nano_rw_224(img_size=64)", IMAGE),
        "davit": ("davit:davit_tiny()", IMAGE),
        "focalnet": ("focalnet:focalnet_tiny_srf()", IMAGE),
        "fastvit": ("fastvit:fastvit_t8()", IMAGE),
        "repvit": ("repvit:repvit_m1(depth=(1, 1, 2, 1))", IMAGE),
        "tiny_vit": ("tiny_vit:tiny_vit_5m_224(num_classes=10)", "1,3,224,224"),
        "hiera": ("hiera:hiera_tiny_224(img_size=(64, 64), stages=(1, 1, 2, 1))", IMAGE),
        "mambaout": ("mambaout:mambaout_femto(depths=(1, 1, 2, 1))", IMAGE),
        "inception_next": ("inception_next:inception_next_atto()", IMAGE),
    }
}
