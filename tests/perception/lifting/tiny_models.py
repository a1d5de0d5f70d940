"""Tiny random models of each family that the lifting detector loads, saved as repos on the Hub are."""

from __future__ import annotations

import json

import torch
from transformers import (
    BertConfig,
    BertTokenizerFast,
    CLIPTokenizerFast,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    DepthProConfig,
    DepthProForDepthEstimation,
    Dinov2Config,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Sam2Config,
    Sam2Model,
    Sam3TrackerConfig,
    Sam3TrackerModel,
    SamConfig,
    SamModel,
    SwinConfig,
    ZoeDepthConfig,
    ZoeDepthForDepthEstimation,
)

WORDS = ["mug", "red", "book", "box", "bowl", "chair", "lamp", "a", "photo", "of", "table"]
SIDE = 128


def saved(model, folder, kind, seed=0, **preprocessor):
    """The model in a folder, with a `preprocessor_config.json` as on the Hub."""
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": kind, **preprocessor}))
    return str(folder)


def bert_tokenizer(folder):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?"]
    pieces = [*special, *WORDS, *(chr(c) for c in range(97, 123)), *(f"##{chr(c)}" for c in range(97, 123))]
    tokenizer = BertTokenizerFast(vocab={piece: i for i, piece in enumerate(pieces)})
    tokenizer.save_pretrained(folder)
    return len(pieces)


def grounding_dino(folder, *, mm=False, seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    size = bert_tokenizer(folder)
    torch.manual_seed(seed)
    config_class, model_class = (
        (MMGroundingDinoConfig, MMGroundingDinoForObjectDetection)
        if mm
        else (GroundingDinoConfig, GroundingDinoForObjectDetection)
    )
    config = config_class(
        backbone_config=SwinConfig(
            image_size=64,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=size, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        ),
        d_model=32,
        num_queries=12,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
    )
    return saved(
        model_class(config),
        folder,
        "GroundingDinoImageProcessor",
        size={"shortest_edge": 96, "longest_edge": 160},
    )


def owlv2(folder, seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(b) for b in range(33, 127)]
    pieces = [*letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizerFast(vocab={p: i for i, p in enumerate(pieces)}, merges=[], pad_token="!")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Owlv2Config(
        text_config={
            **small,
            "vocab_size": len(pieces),
            "bos_token_id": len(pieces) - 2,
            "eos_token_id": len(pieces) - 1,
        },
        vision_config={**small, "image_size": 64, "patch_size": 16},
        projection_dim=16,
    )
    return saved(Owlv2ForObjectDetection(config), folder, "Owlv2ImageProcessor", size={"height": 64, "width": 64})


def sam2(folder, seed=0):
    torch.manual_seed(seed)
    config = Sam2Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam2_hiera_det_model",
                "hidden_size": 8,
                "image_size": [SIDE, SIDE],
                "blocks_per_stage": [1, 1, 2, 1],
                "embed_dim_per_stage": [8, 16, 32, 64],
                "num_attention_heads_per_stage": [1, 1, 2, 2],
                "window_size_per_stage": [8, 4, 8, 4],
                "global_attention_blocks": [3],
                "window_positional_embedding_background_size": [4, 4],
            },
            "backbone_channel_list": [64, 32, 16, 8],
            "backbone_feature_sizes": [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2],
            "fpn_hidden_size": 32,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 16},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 32, "iou_head_hidden_dim": 16, "num_attention_heads": 2},
    )
    return saved(Sam2Model(config), folder, "Sam2ImageProcessorFast", size={"height": SIDE, "width": SIDE})


def sam3(folder, seed=0):
    torch.manual_seed(seed)
    side = 112
    config = Sam3TrackerConfig(
        vision_config={
            "model_type": "sam3_vision_model",
            "backbone_config": {
                "model_type": "sam3_vit_model",
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "image_size": side,
                "patch_size": 14,
                "pretrain_image_size": side,
                "window_size": 4,
                "global_attn_indexes": [1],
            },
            "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": side, "patch_size": 14},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 32, "iou_head_hidden_dim": 16, "num_attention_heads": 2},
    )
    return saved(Sam3TrackerModel(config), folder, "Sam3ImageProcessorFast", size={"height": side, "width": side})


def sam(folder, seed=0):
    torch.manual_seed(seed)
    config = SamConfig(
        vision_config={
            "hidden_size": 16,
            "output_channels": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": 16,
            "window_size": 4,
            "global_attn_indexes": [0],
            "num_pos_feats": 16,
            "mlp_dim": 16,
        },
        prompt_encoder_config={
            "hidden_size": 32,
            "image_size": SIDE,
            "patch_size": 16,
            "image_embedding_size": SIDE // 16,
        },
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 32, "iou_head_hidden_dim": 16, "num_attention_heads": 2},
    )
    return saved(
        SamModel(config),
        folder,
        "SamImageProcessor",
        size={"longest_edge": SIDE},
        pad_size={"height": SIDE, "width": SIDE},
    )


def _dinov2(**config):
    return Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=1, **{"patch_size": 8, **config}
    )


def depth_pro(folder, seed=0):
    torch.manual_seed(seed)
    config = DepthProConfig(
        patch_size=32,
        fusion_hidden_size=16,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[16, 16],
        scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.25],
        scaled_images_feature_dims=[16, 16],
        merge_padding_value=1,
        use_fov_model=False,
        image_model_config=_dinov2(image_size=32),
        patch_model_config=_dinov2(image_size=32),
        fov_model_config=_dinov2(image_size=32),
    )
    return saved(
        DepthProForDepthEstimation(config), folder, "DepthProImageProcessorFast", size={"height": 64, "width": 64}
    )


def depth_anything(folder, *, metric=True, seed=0):
    torch.manual_seed(seed)
    config = DepthAnythingConfig(
        backbone_config=_dinov2(
            image_size=56, patch_size=14, out_features=["stage1", "stage2"], reshape_hidden_states=False
        ),
        reassemble_hidden_size=16,
        patch_size=14,
        reassemble_factors=[2, 1],
        neck_hidden_sizes=[8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type="metric" if metric else "relative",
        max_depth=20,
    )
    return saved(
        DepthAnythingForDepthEstimation(config),
        folder,
        "DPTImageProcessor",
        size={"height": 56, "width": 56},
        ensure_multiple_of=14,
        keep_aspect_ratio=True,
    )


def zoedepth(folder, seed=0):
    torch.manual_seed(seed)
    config = ZoeDepthConfig(
        backbone_config={
            "model_type": "beit",
            "image_size": 64,
            "patch_size": 16,
            "hidden_size": 16,
            "num_hidden_layers": 4,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "out_features": ["stage1", "stage2", "stage3", "stage4"],
            "reshape_hidden_states": False,
            "use_relative_position_bias": True,
        },
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        bottleneck_features=8,
        num_relative_features=8,
        bin_embedding_dim=8,
        num_attractors=[4, 2, 1, 1],
        num_patch_transformer_layers=None,
        bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
    )
    return saved(
        ZoeDepthForDepthEstimation(config),
        folder,
        "ZoeDepthImageProcessor",
        size={"height": 64, "width": 96},
        ensure_multiple_of=32,
    )
