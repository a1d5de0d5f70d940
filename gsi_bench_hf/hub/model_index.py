"""Results in the card of a model that has one: its `model-index` gets them, and not a character besides is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from gsi_bench_hf.hub.errors import HubError

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_BLOCK = re.compile(r"^model-index:.*?(?=^[^\s#-]|\Z)", re.DOTALL | re.MULTILINE)


def with_results(card: str, index: list[dict[str, Any]], *, where: str) -> str:
    """A card's text with more results in its `model-index`.

    A metric of the same name on the same data takes the place of the old one; all else stays.

    Args:
        card: the text of README.md.
        index: the results to add, as a `model-index` of one model.
        where: what to call the card in errors.

    Raises:
        HubError: the card's YAML can't be read.
    """
    found = _FRONT.match(card)
    front = found[1] if found else ""
    try:
        before = (yaml.safe_load(front) or {}).get("model-index") or []
        known = before[0]["results"] if before else []
        merged = [{"name": (before or index)[0]["name"], "results": _merged(known, index[0]["results"])}, *before[1:]]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise HubError(
            f"the YAML at the head of {where} can't be read ({' '.join(str(error).split())[:200]}); mend it on the Hub first"
        ) from None
    text = yaml.safe_dump({"model-index": merged}, sort_keys=False, allow_unicode=True, width=1000)
    rest = _BLOCK.sub("", front)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return f"---\n{rest}{text}---{card[found.end() :] if found else f'{chr(10)}{card}'}"


def _merged(known: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    merged = [dict(result) for result in known]
    for result in new:
        same = next((old for old in merged if _place(old) == _place(result)), None)
        if same is None:
            merged.append(result)
            continue
        names = {_metric(metric) for metric in result["metrics"]}
        kept = [metric for metric in same.get("metrics") or [] if _metric(metric) not in names]
        same.update({"dataset": result["dataset"], "metrics": [*kept, *result["metrics"]]})
    return merged


def _place(result: Mapping[str, Any]) -> tuple[Any, ...]:
    dataset = result.get("dataset") or {}
    return (result["task"]["type"], *(dataset.get(key) for key in ("type", "config", "split")))


def _metric(metric: Mapping[str, Any]) -> tuple[Any, Any]:
    return metric.get("type"), metric.get("name")
