"""Recipes by name: `RECIPES`, name -> `RecipeSpec`; other packages add through the entry-point group `gsi_bench_hf.recipes`."""

from __future__ import annotations

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.train.recipe import RecipeSpec

__all__ = ["RECIPES"]

RECIPES: Registry[RecipeSpec] = Registry("recipe", "gsi_bench_hf.recipes")
