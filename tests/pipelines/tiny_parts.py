"""Parts of tiny random pipelines: tokenizers with a vocabulary of bytes or letters, text encoders, autoencoders."""

from __future__ import annotations

import torch

BYTES = [chr(b) for b in (*range(33, 127), *range(161, 173), *range(174, 256))]
BYTES += [chr(256 + i) for i in range(256 - len(BYTES))]  # the alphabet of byte-level BPE


def clip_tokenizer(length=77):
    from transformers import CLIPTokenizer

    vocabulary = {
        c: i for i, c in enumerate([*BYTES, *(f"{c}</w>" for c in BYTES), "<|startoftext|>", "<|endoftext|>"])
    }
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=length)


def clip_text(tokenizer, hidden=16, projection=None, seed=0):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=projection or hidden,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return (CLIPTextModel if projection is None else CLIPTextModelWithProjection)(config).eval()


def image_vae(channels=4, blocks=4, seed=0, **config):
    """Stable Diffusion's and FLUX's autoencoder; `blocks` of 4 scale by 8."""
    from diffusers import AutoencoderKL

    torch.manual_seed(seed)
    return AutoencoderKL(
        block_out_channels=[8] * blocks,
        norm_num_groups=4,
        layers_per_block=1,
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * blocks,
        up_block_types=["UpDecoderBlock2D"] * blocks,
        latent_channels=channels,
        **config,
    ).eval()


def unet(cross, seed=0, **config):
    from diffusers import UNet2DConditionModel

    torch.manual_seed(seed)
    return UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=32,
        in_channels=8,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross,
        norm_num_groups=4,
        attention_head_dim=4,
        **config,
    ).eval()


def t5_tokenizer():
    from transformers import T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), ("▁", -2.0)]
    return T5TokenizerFast(vocab=[*pieces, *((chr(b), -3.0) for b in range(33, 127))], extra_ids=0, model_max_length=64)


def t5(tokenizer, hidden=16, umt5=False, seed=0):
    from transformers import T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

    torch.manual_seed(seed)
    config = {"vocab_size": len(tokenizer), "d_model": hidden, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2}
    return (UMT5EncoderModel(UMT5Config(**config)) if umt5 else T5EncoderModel(T5Config(**config))).eval()


def qwen_tokenizer(chat_template=None):
    """Byte-level, with the special tokens of the vision models."""
    from transformers import Qwen2Tokenizer

    special = ("im_start", "im_end", "vision_start", "vision_end", "image_pad", "video_pad")
    vocabulary = {c: i for i, c in enumerate(BYTES)}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], model_max_length=4096)
    tokenizer.add_special_tokens({"additional_special_tokens": [f"<|{name}|>" for name in special]})
    tokenizer.chat_template = chat_template
    return tokenizer


def flow_scheduler(**config):
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**config)


VISION_TOKENS = {
    "image": "image_pad",
    "video": "video_pad",
    "vision_start": "vision_start",
    "vision_end": "vision_end",
}


def vision_ids(tokenizer):
    return {f"{n}_token_id": tokenizer.convert_tokens_to_ids(f"<|{token}|>") for n, token in VISION_TOKENS.items()}


def qwen_vl(tokenizer, hidden=16, seed=0):
    """Qwen2.5-VL: language and vision."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": hidden,
            "intermediate_size": hidden,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
            "vocab_size": len(tokenizer),
        },
        vision_config={
            "depth": 1,
            "hidden_size": hidden,
            "intermediate_size": hidden,
            "num_heads": 2,
            "out_hidden_size": hidden,
            "fullatt_block_indexes": [],
        },
        **vision_ids(tokenizer),
    )
    return Qwen2_5_VLForConditionalGeneration(config).eval()


def qwen_processor(tokenizer):
    from transformers import Qwen2VLProcessor
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    return Qwen2VLProcessor(image_processor=Qwen2VLImageProcessorPil(), tokenizer=tokenizer)


def qwen_vae(seed=0):
    from diffusers import AutoencoderKLQwenImage

    torch.manual_seed(seed)
    return AutoencoderKLQwenImage(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    ).eval()


def wan_vae(seed=0, z_dim=4, **config):
    from diffusers import AutoencoderKLWan

    torch.manual_seed(seed)
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=z_dim,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * z_dim,
        latents_std=[1.0] * z_dim,
        **config,
    ).eval()
