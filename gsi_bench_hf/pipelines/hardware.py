"""Device, dtype and quantisation: names -> what torch and diffusers take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

_DTYPES = {
    "fp16": "float16",
    "half": "float16",
    "float16": "float16",
    "bf16": "bfloat16",
    "bfloat16": "bfloat16",
    "fp32": "float32",
    "float32": "float32",
    "auto": "auto",
}
QUANTISATIONS = {
    "bnb-4bit": ("bitsandbytes", "4bit"),
    "bnb-8bit": ("bitsandbytes", "8bit"),
    "torchao-int8": ("torchao", "Int8WeightOnlyConfig"),
    "torchao-int4": ("torchao", "Int4WeightOnlyConfig"),
    "torchao-fp8": ("torchao", "Float8WeightOnlyConfig"),
}


def choose_device(asked: str | None) -> str:
    """The device asked for; by default this process's GPU (`LOCAL_RANK` of accelerate and torchrun), Apple's, or the CPU.

    Raises:
        ValueError: a GPU is asked for and torch sees none.
    """
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked is None:
        if count:
            return f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % count}"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if asked.startswith("cuda") and int(asked.partition(":")[2] or 0) >= count:
        raise ValueError(f"device is {asked!r}, but torch {torch.__version__} sees {count} GPUs; use device='cpu'")
    return asked


def split_dtype(dtype: str, quantization: Any) -> tuple[str, Any]:
    """A dtype's full name, and the quantisation, which may be given as the dtype.

    Raises:
        ValueError: a name of neither, or two quantisations.
    """
    if dtype in QUANTISATIONS:
        if quantization is not None:
            raise ValueError(f"dtype is {dtype!r} and quantization is {quantization!r}; expected one of the two")
        return "auto", dtype
    if dtype not in _DTYPES:
        raise ValueError(f"dtype is {dtype!r}, expected one of {', '.join(_DTYPES)}, or {', '.join(QUANTISATIONS)}")
    return _DTYPES[dtype], quantization


def choose_dtype(name: str, of_family: str, device: str) -> Any:
    """The torch dtype of a full name; "auto" is the family's on a GPU that has it, and float32 elsewhere."""
    import torch

    if name == "auto":
        name = of_family if device.startswith("cuda") else "float32"
        if name == "bfloat16" and device.startswith("cuda") and not torch.cuda.is_bf16_supported():
            name = "float16"
    return getattr(torch, name)


def dtype_argument() -> str:
    """What `from_pretrained` of this diffusers calls a dtype: "torch_dtype" became "dtype"."""
    utils = import_module("diffusers.utils.deprecation_utils")
    return "dtype" if hasattr(utils, "_TORCH_DTYPE_DEPRECATION_MESSAGE") else "torch_dtype"


def quantisation_config(asked: Any, dtype: Any, modules: Mapping[str, str]) -> Any:
    """What `from_pretrained` takes as `quantization_config`.

    Args:
        asked: a name of `QUANTISATIONS`, or a config of diffusers, which is returned as it is.
        dtype: what is computed in.
        modules: the parts to quantise, each with the library that it is of, "diffusers" or "transformers".

    Raises:
        ValueError: another name.
        ImportError: the package is missing.
    """
    if not isinstance(asked, str):
        return asked
    if asked not in QUANTISATIONS:
        raise ValueError(f"quantization is {asked!r}, expected one of {', '.join(QUANTISATIONS)}")
    package, what = QUANTISATIONS[asked]
    try:
        import_module(package)
    except ImportError as error:
        raise ImportError(f"quantization {asked!r} needs {package} ({error}); pip install {package}") from error
    config: Any = import_module("diffusers").PipelineQuantizationConfig
    # Each library has a class of its own for its own parts.
    return config(quant_mapping={name: _of_library(library, package, what, dtype) for name, library in modules.items()})


def _of_library(library: str, package: str, what: str, dtype: Any) -> Any:
    configs: Any = import_module(library)
    if package == "torchao":
        return configs.TorchAoConfig(getattr(import_module("torchao.quantization"), what)())
    if what == "8bit":
        return configs.BitsAndBytesConfig(load_in_8bit=True)
    return configs.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
