"""Tiny random pipelines of every family, built from configs: real classes, real tokenizers, no downloads.

`TINY[family](seed)` builds one; its weights are random and hang on the seed.
"""

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


def instruct_pix2pix(seed=0):
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionInstructPix2PixPipeline

    tokenizer = clip_tokenizer()
    return StableDiffusionInstructPix2PixPipeline(
        vae=image_vae(seed=seed),
        text_encoder=clip_text(tokenizer, seed=seed),
        tokenizer=tokenizer,
        unet=unet(16, seed=seed),
        scheduler=EulerAncestralDiscreteScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def instruct_pix2pix_xl(seed=0):
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLInstructPix2PixPipeline

    tokenizer = clip_tokenizer()
    return StableDiffusionXLInstructPix2PixPipeline(
        vae=image_vae(seed=seed),
        text_encoder=clip_text(tokenizer, seed=seed),
        text_encoder_2=clip_text(tokenizer, projection=16, seed=seed + 1),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet(
            32,
            seed=seed,
            transformer_layers_per_block=1,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 16,
        ),
        scheduler=EulerDiscreteScheduler(),
        add_watermarker=False,
    )


TINY = {
    "instruct-pix2pix": instruct_pix2pix,
    "instruct-pix2pix-xl": instruct_pix2pix_xl,
}
