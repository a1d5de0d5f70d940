"""Croissant metadata of a dataset repository: what lies where, in JSON-LD that dataset search engines and `mlcroissant` read.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import datasets

from gsi_bench_hf.data.card.statistics import Config
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.subsets import HOMEPAGE

_LICENCES = {"apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0"}
_TYPES = {"string": "sc:Text", "int32": "cr:Int32", "int64": "cr:Int64", "float64": "cr:Float64"}
_FROM_VOCABULARY = (
    "citeAs", "column", "conformsTo", "containedIn", "data", "dataBiases", "dataCollection", "examples", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "arrayShape", "parentField", "path", "personalSensitiveInformation", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform", "equivalentProperty",
)  # fmt: skip


def croissant(configs: Sequence[Config]) -> dict[str, Any]:
    """The JSON-LD of a folder with these configs: its Parquet files, and for each config its columns.

    Lists of objects (`objects`, `target_objects`) are left out: Croissant has no field for a list of records with matrices in them.
    """
    licence = configs[0].subset.licence
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": "GSI-Sim",
        "description": "Image edits that are defined in 3D, with the source image, the true result, and exact labels of both.",
        "url": HOMEPAGE,
        "license": _LICENCES.get(licence, licence),
        "citeAs": configs[0].subset.citation,
        "creator": {"@type": "sc:Organization", "name": "gsi-bench-hf"},
        "version": f"{configs[0].build.version}.0.0",
        "isLiveDataset": False,
        "keywords": ["image editing", "spatial intelligence", "3D", "synthetic"],
        "distribution": [_files(config) for config in configs],
        "recordSet": [_record_set(config) for config in configs],
    }


def _context() -> dict[str, Any]:
    special = {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    }
    names = {name: f"cr:{name}" for name in _FROM_VOCABULARY}
    own = {
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataBiases": "cr:dataBiases",
        "examples": {"@id": "cr:examples", "@type": "@json"},
    }
    return {**special, **names, **own}


def _files(config: Config) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"parquet-{config.subset.name}",
        "description": f"The rows of {config.subset.name}.",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{config.subset.name}/{config.build.split}-*.parquet",
    }


def _record_set(config: Config) -> dict[str, Any]:
    name = config.subset.name
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{config.subset.what}: {config.build.num_rows} rows, split {config.build.split}.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{'/'.join(path)}",
                "name": "/".join(path),
                **kind,
                "source": {
                    "fileSet": {"@id": f"parquet-{name}"},
                    "extract": {"column": path[0]},
                    **_inside(path, kind),
                },
            }
            for path, kind in _leaves(features(), ())
        ],
    }


def _inside(path: tuple[str, ...], kind: dict[str, Any]) -> dict[str, Any]:
    """How to get from the column to the field."""
    steps = [*path[1:], *(["bytes"] if kind["dataType"] == "sc:ImageObject" else [])]
    return {"transform": {"jsonPath": ".".join(steps)}} if steps else {}


def _leaves(feature: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every column and every leaf of a nested one that a field can describe, with its type."""
    if isinstance(feature, dict):
        for name, inner in feature.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(feature, datasets.Image):
        yield path, {"dataType": "sc:ImageObject"}
    elif isinstance(feature, datasets.ClassLabel):
        yield path, {"dataType": "cr:Int64", "description": f"Number in {', '.join(feature.names)}, from 0."}
    elif isinstance(feature, datasets.Value):
        yield path, {"dataType": _TYPES[feature.dtype]}
    else:
        shape, inner = [], feature
        while isinstance(inner, datasets.List):
            shape.append(str(inner.length))
            inner = inner.feature
        if isinstance(inner, datasets.Value):
            yield path, {"dataType": _TYPES[inner.dtype], "isArray": True, "arrayShape": ",".join(shape)}
