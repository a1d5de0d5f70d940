"""The Hub's rules for a model card's YAML, so far as they can be checked without the Hub.

They follow the specification of the metadata in huggingface/hub-docs (modelcard.md, docs/hub/model-cards.md,
docs/hub/repositories-licenses.md). The Hub itself looks further: whether a base model exists, say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

_IDENTIFIERS = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m afl-3.0
    artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0
    cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0
    etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++
    osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license llama2 gemma unknown other
    """
LICENCES = frozenset(_IDENTIFIERS.split())
"""The identifiers that the Hub takes as `license`."""

PIPELINE_TAGS = ("image-to-image", "image-text-to-image")
_LICENCE_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*\Z")
_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_REQUIRED = ("license", "pipeline_tag", "tags", "model-index")


class CardError(ValueError):
    """A card can't be made of a run, or would be refused by the Hub; the message says why and how to mend it."""


def is_repo_id(name: str) -> bool:
    """Whether the Hub could have a repository of this name.

    >>> is_repo_id("timbrooks/instruct-pix2pix"), is_repo_id("http://localhost:8000/v1"), is_repo_id("/home/me/model")
    (True, False, False)
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]  # documented, not in __all__

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def check_card(content: str) -> None:
    """Check the text of a model card.

    Raises:
        CardError: naming everything that the Hub would refuse.
    """
    errors = metadata_errors(content)
    if errors:
        raise CardError(f"the Hub would refuse this model card: {'; '.join(errors)}")


def metadata_errors(content: str) -> list[str]:
    """What is wrong with the YAML of a model card, one line each; empty where nothing is.

    Args:
        content: the whole card, YAML block and Markdown.
    """
    match = _FRONT_MATTER.match(content)
    if match is None:
        return ["there is no YAML block, expected the card to begin with one between lines of ---"]
    try:
        data = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        return [f"the YAML block can't be read ({' '.join(str(error).split())})"]
    if not isinstance(data, dict):
        return [f"the YAML block holds {type(data).__name__}, expected keys and values"]
    missing = [f"{name} is missing" for name in _REQUIRED if name not in data]
    return [*missing, *_field_errors(data), *_index_errors(data.get("model-index"))]


def _field_errors(data: Mapping[str, Any]) -> Iterator[str]:
    yield from _licence_errors(data)
    if data.get("pipeline_tag") not in (None, *PIPELINE_TAGS):
        yield f"pipeline_tag is {data['pipeline_tag']!r}, expected {' or '.join(PIPELINE_TAGS)}"
    bases = data.get("base_model")
    for base in bases if isinstance(bases, list) else [bases]:
        if base is not None and not (isinstance(base, str) and is_repo_id(base)):
            yield f"base_model is {base!r}, expected the id of a Hub repository, owner/name"
    for name in ("tags", "metrics", "datasets", "language"):
        values = data.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            yield f"{name} is {values!r}, expected a list of words"


def _licence_errors(data: Mapping[str, Any]) -> Iterator[str]:
    licence = data.get("license")
    if licence is not None and licence not in LICENCES:
        yield f"license is {licence!r}, expected an identifier that the Hub knows, or 'other' with license_name and license_link"
    if licence == "other":
        name, link = data.get("license_name"), data.get("license_link")
        if not (isinstance(name, str) and _LICENCE_NAME.match(name)):
            yield f"license_name is {name!r}, expected lower-case letters, digits, dots and hyphens, since license is 'other'"
        if not (isinstance(link, str) and (link in ("LICENSE", "LICENSE.md") or _is_url(link))):
            yield f"license_link is {link!r}, expected an https address or LICENSE, since license is 'other'"


def _index_errors(index: Any) -> Iterator[str]:
    if index is None:
        return
    if not isinstance(index, list) or not index or not all(isinstance(model, Mapping) for model in index):
        yield f"model-index is {index!r}, expected a list with an entry for the model"
        return
    for model in index:
        if not (isinstance(model.get("name"), str) and model["name"]):
            yield f"the name in model-index is {model.get('name')!r}, expected the model's"
        for result in model.get("results") or [{}]:
            yield from _result_errors(result)


def _result_errors(result: Mapping[str, Any]) -> Iterator[str]:
    for part, keys in (("task", ("type",)), ("dataset", ("type", "name"))):
        for key in keys:
            value = (result.get(part) or {}).get(key)
            if not (isinstance(value, str) and value):
                yield f"{part}.{key} in model-index is {value!r}, expected a word"
    dataset = (result.get("dataset") or {}).get("type")
    if isinstance(dataset, str) and not is_repo_id(dataset):
        yield f"dataset.type in model-index is {dataset!r}, expected the id of a dataset"
    metrics = result.get("metrics") or []
    if not metrics:
        yield "a result in model-index has no metrics, expected at least one"
    for metric in metrics:
        value = metric.get("value")
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            yield f"the value of {metric.get('type')!r} in model-index is {value!r}, expected a number"
        if not (isinstance(metric.get("type"), str) and metric["type"]):
            yield f"metrics.type in model-index is {metric.get('type')!r}, expected a word"


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme == "https" and bool(parts.netloc)
