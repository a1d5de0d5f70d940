"""The README.md beside pairs that were exported for BAGEL."""

from __future__ import annotations

from pathlib import Path

_TEXT = """\
# {name}: {num_pairs} pairs for BAGEL

Source image, target image and instruction, as BAGEL's `unified_edit` reads them; made by `gsi-bench export bagel`.
The paths in `dataset_info.json` and `editing/parquet_info/{name}.json` say that this folder is
`{root}`. To train elsewhere, copy the folder and run the same export with
`--root /its/path/there`: it writes only those files again. BAGEL passes over files whose path is not in the list.

1. In a checkout of <https://github.com/ByteDance-Seed/Bagel>, add to the end of `data/dataset_info.py`:

   ```python
   import json

   with open({info!r}) as file:
       DATASET_INFO["unified_edit"].update(json.load(file)["unified_edit"])
   ```

2. Train on 8 GPUs, with the values of BAGEL's TRAIN.md for fine-tuning:

   ```
   torchrun --nnodes=1 --nproc_per_node=8 train/pretrain_unified_navit.py \\
     --dataset_config_file {config} \\
     --model_path $model_path --resume_from $model_path --layer_module Qwen2MoTDecoderLayer --max_latent_size 64 \\
     --finetune_from_hf True --auto_resume True --resume_model_only True --finetune_from_ema True \\
     --lr 2e-5 --total_steps 10000 --save_every 2000 --log_every 10 --num_workers 1 \\
     --expected_num_tokens 10240 --max_num_tokens 11520 --max_num_tokens_per_sample 10240
   ```

What to know:

- BAGEL deals row groups out, and a worker without any runs forever: GPUs x workers must be at most {num_groups}, the number here.
- These data have no text to learn, so BAGEL's training script stops at `assert not training_args.visual_und` (its loss of text is
  None; the image encoder, which needs `visual_und`, is part of editing). Take that line out, or add BAGEL's `vlm_sft` example to
  `{name}.yaml`, which brings text.
- 10,000 steps is what the name of the paper's checkpoint says (`bagel_finetune_step_10000_nocfg`). Its other values are not
  published, as far as we know. We read "nocfg" as no dropped conditions: `--text_cond_dropout_prob 0 --vae_cond_dropout_prob 0
  --vit_cond_dropout_prob 0`; then don't use guidance at inference.
- A pair of 512 x 512 pixels is about 3,500 tokens: 1,024 each for source and target latents, 1,369 for the image encoder, its text.
"""


def readme(name: str, root: Path, *, num_pairs: int, num_groups: int) -> str:
    """The text.

    Args:
        name: of the dataset.
        root: where the folder lies on the machine that trains.
        num_pairs: in all.
        num_groups: row groups of all files.
    """
    return _TEXT.format(
        name=name,
        root=root,
        num_pairs=num_pairs,
        num_groups=num_groups,
        info=str(root / "dataset_info.json"),
        config=root / f"{name}.yaml",
    )
