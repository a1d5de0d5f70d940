"""The Hub's rules, one by one."""

from __future__ import annotations

import copy

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from gsi_bench_hf.model_card.checks import CardError, check_card, is_repo_id, metadata_errors

GOOD = {
    "license": "mit",
    "pipeline_tag": "image-to-image",
    "tags": ["a"],
    "base_model": "me/base",
    "model-index": [
        {
            "name": "model",
            "results": [
                {
                    "task": {"type": "image-to-image"},
                    "dataset": {"type": "me/data", "name": "Data"},
                    "metrics": [{"type": "m", "value": 1.5}],
                }
            ],
        }
    ],
}


def card(data) -> str:
    return f"---\n{yaml.safe_dump(data, sort_keys=False)}---\n# Title\n"


def changed(path: str, value) -> str:
    data = copy.deepcopy(GOOD)
    *keys, last = [int(key) if key.isdigit() else key for key in path.split("/")]
    place = data
    for key in keys:
        place = place[key]
    place[last] = value
    return card(data)


def test_a_good_card_passes():
    assert metadata_errors(card(GOOD)) == []
    check_card(card(GOOD).replace("\n", "\r\n"))


def test_a_card_of_huggingface_hub_itself_passes():
    result = EvalResult("image-to-image", "me/data", "Data", "m", 0.5, metric_args={"k": 1})
    data = ModelCardData(
        license="other",
        license_name="some-licence-1.0",
        license_link="LICENSE",
        pipeline_tag="image-to-image",
        tags=["a"],
        model_name="model",
        eval_results=[result],
    )
    check_card(str(ModelCard.from_template(data, model_id="model")))


INDEX = "model-index/0/results/0"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("license", "MIT Licence", r"license is 'MIT Licence', expected an identifier that the Hub knows"),
        ("license", "other", r"license_name is None.*; license_link is None"),
        ("pipeline_tag", "image-editing", r"pipeline_tag is 'image-editing', expected image-to-image"),
        ("base_model", "/home/me/model", r"base_model is '/home/me/model', expected the id"),
        ("base_model", ["me/base", 3], r"base_model is 3, expected the id"),
        ("tags", "one", r"tags is 'one', expected a list of words"),
        ("tags", [1], r"tags is \[1\], expected a list of words"),
        ("model-index", {}, r"model-index is \{\}, expected a list"),
        ("model-index/0/name", None, r"the name in model-index is None"),
        ("model-index/0/results", [], r"task.type in model-index is None"),
        (f"{INDEX}/task", {}, r"task.type in model-index is None"),
        (f"{INDEX}/dataset", {"type": "me/data"}, r"dataset.name in model-index is None"),
        (f"{INDEX}/dataset/type", "me/da ta", r"dataset.type in model-index is 'me/da ta'"),
        (f"{INDEX}/metrics", [], r"a result in model-index has no metrics"),
        (f"{INDEX}/metrics/0/value", float("nan"), r"the value of 'm' in model-index is nan, expected a number"),
        (f"{INDEX}/metrics/0/value", True, r"the value of 'm' in model-index is True"),
        (f"{INDEX}/metrics/0/type", "", r"metrics.type in model-index is ''"),
    ],
)
def test_each_rule(path, value, message):
    with pytest.raises(CardError, match=rf"^the Hub would refuse this model card: {message}"):
        check_card(changed(path, value))


@pytest.mark.parametrize("name", ["license", "pipeline_tag", "tags", "model-index"])
def test_what_a_card_needs(name):
    data = {key: value for key, value in GOOD.items() if key != name}
    assert metadata_errors(card(data)) == [f"{name} is missing"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# Title", "there is no YAML block"),
        ("---\na: [\n---\n", "the YAML block can't be read"),
        ("---\n- a\n---\n", "the YAML block holds list"),
    ],
)
def test_a_card_without_readable_yaml(content, message):
    (error,) = metadata_errors(content)
    assert error.startswith(message)


@pytest.mark.parametrize("link", ["http://x.org", "ftp://x", "licence.txt", "https://"])
def test_a_licence_of_ones_own_has_an_https_link(link):
    data = {**GOOD, "license": "other", "license_name": "own", "license_link": link}
    assert metadata_errors(card(data)) == [
        f"license_link is {link!r}, expected an https address or LICENSE, since license is 'other'"
    ]


@pytest.mark.parametrize("name", ["a/b/c", "a--b/c", "a/b..c", "a/b.git", "", "a/", "/b", "a b/c", "a/b\n", "ü/b"])
def test_what_is_no_repository(name):
    assert not is_repo_id(name)
