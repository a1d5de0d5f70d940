"""Tiny random pipelines of every family, built from configs: real classes, real tokenizers, no downloads.

`TINY[family](seed)` builds one; its weights are random and hang on the seed.
"""

from __future__ import annotations

import torch
from tiny_parts import (
    clip_text,
    clip_tokenizer,
    flow_scheduler,
    image_vae,
    qwen_processor,
    qwen_tokenizer,
    qwen_vae,
    qwen_vl,
    t5,
    t5_tokenizer,
    unet,
    vision_ids,
    wan_vae,
)

from gsi_bench_hf.pipelines.missing_packages import do_without_missing

do_without_missing()


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


def flux_kontext(seed=0):
    from diffusers import FluxKontextPipeline, FluxTransformer2DModel

    clip, long = clip_tokenizer(), t5_tokenizer()
    torch.manual_seed(seed)
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=(2, 2, 4),
        guidance_embeds=True,
    ).eval()
    return FluxKontextPipeline(
        scheduler=flow_scheduler(use_dynamic_shifting=True),
        vae=image_vae(seed=seed, shift_factor=0.1, scaling_factor=0.4),
        text_encoder=clip_text(clip, seed=seed),
        tokenizer=clip,
        text_encoder_2=t5(long, seed=seed),
        tokenizer_2=long,
        transformer=transformer,
    )


def ultraedit(seed=0):
    from diffusers import SD3Transformer2DModel

    from gsi_bench_hf.pipelines.sd3_instruct_pix2pix import StableDiffusion3InstructPix2PixPipeline

    clip, long = clip_tokenizer(), t5_tokenizer()
    torch.manual_seed(seed)
    transformer = SD3Transformer2DModel(
        sample_size=32,
        in_channels=8,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=32,
        caption_projection_dim=16,
        pooled_projection_dim=32,
    ).eval()
    return StableDiffusion3InstructPix2PixPipeline(
        transformer=transformer,
        scheduler=flow_scheduler(),
        vae=image_vae(seed=seed, shift_factor=0.1, scaling_factor=0.4),
        text_encoder=clip_text(clip, projection=16, seed=seed),
        tokenizer=clip,
        text_encoder_2=clip_text(clip, projection=16, seed=seed + 1),
        tokenizer_2=clip,
        text_encoder_3=t5(long, hidden=32, seed=seed),
        tokenizer_3=long,
    )


def _qwen_edit(class_name, seed):
    import diffusers

    tokenizer = qwen_tokenizer()
    torch.manual_seed(seed)
    transformer = diffusers.QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=1,
        joint_attention_dim=16,
        axes_dims_rope=(8, 4, 4),
    ).eval()
    return getattr(diffusers, class_name)(
        scheduler=flow_scheduler(use_dynamic_shifting=True),
        vae=qwen_vae(seed),
        text_encoder=qwen_vl(tokenizer, seed=seed),
        tokenizer=tokenizer,
        processor=qwen_processor(tokenizer),
        transformer=transformer,
    )


def qwen_image_edit(seed=0):
    return _qwen_edit("QwenImageEditPipeline", seed)


def qwen_image_edit_plus(seed=0):
    return _qwen_edit("QwenImageEditPlusPipeline", seed)


_BLOCKS_OF_TEXT = "{% for m in messages %}{% for c in m['content'] %}{{ c['text'] }} {% endfor %}{% endfor %}"
_PLAIN = "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"
_TINY_TEXT = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
}


def _flux2_parts(seed, guidance):
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

    torch.manual_seed(seed)
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        mid_block_add_attention=False,
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=1,
        joint_attention_dim=48,
        timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=guidance,
    )
    return {
        "vae": vae.eval(),
        "transformer": transformer.eval(),
        "scheduler": flow_scheduler(use_dynamic_shifting=True),
    }


def flux2(seed=0):
    from diffusers import Flux2Pipeline
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    tokenizer = qwen_tokenizer(_BLOCKS_OF_TEXT)
    parts = _flux2_parts(seed, guidance=True)
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "head_dim": 8,
    }
    config = Mistral3Config(
        text_config={"model_type": "mistral", "vocab_size": len(tokenizer), **_TINY_TEXT},
        vision_config={"model_type": "pixtral", "image_size": 56, "patch_size": 14, **vision},
        image_token_index=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
    )
    return Flux2Pipeline(text_encoder=Mistral3ForConditionalGeneration(config).eval(), tokenizer=tokenizer, **parts)


def _flux2_klein(seed, distilled):
    from diffusers import Flux2KleinPipeline
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = qwen_tokenizer(_PLAIN)
    parts = _flux2_parts(seed, guidance=False)
    encoder = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(tokenizer), **_TINY_TEXT)).eval()
    return Flux2KleinPipeline(text_encoder=encoder, tokenizer=tokenizer, is_distilled=distilled, **parts)


def flux2_klein(seed=0):
    return _flux2_klein(seed, distilled=True)


def flux2_klein_base(seed=0):
    return _flux2_klein(seed, distilled=False)


def omnigen(seed=0):
    from diffusers import OmniGenPipeline, OmniGenTransformer2DModel
    from transformers import LlamaTokenizer

    pieces = ["<unk>", "<s>", "</s>", "▁", *(chr(b) for b in range(33, 127))]
    tokenizer = LlamaTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[])
    torch.manual_seed(seed)
    transformer = OmniGenTransformer2DModel(
        in_channels=4,
        hidden_size=16,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=16,
        num_layers=1,
        pad_token_id=0,
        vocab_size=len(pieces),
        time_step_dim=4,
        rope_scaling={"long_factor": [1, 2], "short_factor": [1, 2]},
    ).eval()
    return OmniGenPipeline(
        transformer, flow_scheduler(invert_sigmas=True, num_train_timesteps=1), image_vae(seed=seed), tokenizer
    )


def longcat_image_edit(seed=0):
    from diffusers import LongCatImageEditPipeline, LongCatImageTransformer2DModel

    tokenizer = qwen_tokenizer()
    torch.manual_seed(seed)
    transformer = LongCatImageTransformer2DModel(
        in_channels=64,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=1,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=[8, 4, 4],
    ).eval()
    return LongCatImageEditPipeline(
        scheduler=flow_scheduler(use_dynamic_shifting=True),
        vae=image_vae(channels=16, seed=seed, shift_factor=0.1, scaling_factor=0.4),
        text_encoder=qwen_vl(tokenizer, seed=seed),
        tokenizer=tokenizer,
        text_processor=qwen_processor(tokenizer),
        transformer=transformer,
    )


def joyimage_edit(seed=0):
    from diffusers import JoyImageEditPipeline, JoyImageEditTransformer3DModel
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    tokenizer = qwen_tokenizer()
    torch.manual_seed(seed)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]},
            **_TINY_TEXT,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "patch_size": 16,
            "deepstack_visual_indexes": [0],
        },
        **vision_ids(tokenizer),
    )
    transformer = JoyImageEditTransformer3DModel(
        in_channels=4, hidden_size=16, num_attention_heads=1, text_dim=16, num_layers=1, rope_dim_list=[4, 6, 6]
    ).eval()
    return JoyImageEditPipeline(
        scheduler=flow_scheduler(),
        vae=wan_vae(seed),
        text_encoder=Qwen3VLForConditionalGeneration(config).eval(),
        tokenizer=tokenizer,
        transformer=transformer,
        processor=Qwen3VLProcessor(image_processor=Qwen2VLImageProcessorPil(patch_size=16), tokenizer=tokenizer),
    )


def chronoedit(seed=0):
    from diffusers import ChronoEditPipeline, ChronoEditTransformer3DModel
    from transformers import CLIPVisionConfig, CLIPVisionModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = t5_tokenizer()
    torch.manual_seed(seed)
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16
    )
    transformer = ChronoEditTransformer3DModel(
        num_attention_heads=1,
        attention_head_dim=12,
        in_channels=12,
        out_channels=4,
        text_dim=16,
        freq_dim=16,
        ffn_dim=16,
        num_layers=1,
        image_dim=16,
    ).eval()
    return ChronoEditPipeline(
        tokenizer=tokenizer,
        text_encoder=t5(tokenizer, umt5=True, seed=seed),
        image_encoder=CLIPVisionModel(vision).eval(),
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        transformer=transformer,
        vae=wan_vae(seed),
        scheduler=flow_scheduler(shift=5.0),
    )


def bria_fibo_edit(seed=0):
    from diffusers import BriaFiboEditPipeline, BriaFiboTransformer2DModel
    from transformers import SmolLM3Config, SmolLM3ForCausalLM

    tokenizer = qwen_tokenizer()
    torch.manual_seed(seed)
    transformer = BriaFiboTransformer2DModel(
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=32,
        axes_dims_rope=[0, 4, 4],
        text_encoder_dim=16,
    ).eval()
    # The pipeline has one token's number in its code, 128000.
    small = {k: v for k, v in _TINY_TEXT.items() if k != "head_dim"}
    config = SmolLM3Config(vocab_size=128256, pad_token_id=0, bos_token_id=None, eos_token_id=0, **small)
    wide = {"in_channels": 12, "out_channels": 12, "patch_size": 2, "is_residual": True, "scale_factor_spatial": 16}
    return BriaFiboEditPipeline(
        transformer=transformer,
        scheduler=flow_scheduler(use_dynamic_shifting=True),
        vae=wan_vae(seed, **wide, decoder_base_dim=4),
        text_encoder=SmolLM3ForCausalLM(config).eval(),
        tokenizer=tokenizer,
    )


TINY = {
    "instruct-pix2pix": instruct_pix2pix,
    "instruct-pix2pix-xl": instruct_pix2pix_xl,
    "qwen-image-edit": qwen_image_edit,
    "qwen-image-edit-plus": qwen_image_edit_plus,
    "flux-kontext": flux_kontext,
    "flux2": flux2,
    "flux2-klein": flux2_klein,
    "flux2-klein-base": flux2_klein_base,
    "omnigen": omnigen,
    "longcat-image-edit": longcat_image_edit,
    "joyimage-edit": joyimage_edit,
    "chronoedit": chronoedit,
    "bria-fibo-edit": bria_fibo_edit,
    "ultraedit": ultraedit,
}
# The text encoders have three layers, and these pipelines read others by default.
CALL = {name: {"text_encoder_out_layers": (1, 2, 3)} for name in ("flux2", "flux2-klein", "flux2-klein-base")}


def shrink(monkeypatch):
    """Bring areas that pipelines have fixed in their code, a million pixels all, to a size that a CPU does in a second."""
    from importlib import import_module

    def module(name):
        return import_module(f"diffusers.pipelines.{name}")

    for name in ("qwenimage.pipeline_qwenimage_edit", "longcat_image.pipeline_longcat_image_edit"):
        whole = module(name).calculate_dimensions
        monkeypatch.setattr(
            module(name), "calculate_dimensions", lambda area, ratio, whole=whole: whole(area // 64, ratio)
        )
    plus = module("qwenimage.pipeline_qwenimage_edit_plus")
    for constant in ("CONDITION_IMAGE_SIZE", "VAE_IMAGE_SIZE"):
        monkeypatch.setattr(plus, constant, 128 * 128)
    buckets = module("joyimage.image_processor").BUCKETS
    monkeypatch.setitem(buckets, 1024, [(h // 4, w // 4) for h, w in buckets[1024]])
