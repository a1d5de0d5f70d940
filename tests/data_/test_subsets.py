import dataclasses

import pytest

from gsi_bench_hf.data.subsets import HUB_REPO, SUBSETS, UnavailableConfigError, hub_repo, require_built
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.synth.configs import CONFIGS

SIZES = {
    "sim-tabletop": 600,
    "sim-room": 593,
    "sim-bathroom": 200,
    "sim-train": 10_500,
    "real": 441,
    "tabletop": 600,
    "room": 593,
    "bathroom": 200,
    "train": 10_500,
}


def test_the_configs_and_their_sizes_are_those_of_the_paper():
    assert {name: SUBSETS[name].num_rows for name in SUBSETS} == SIZES


@pytest.mark.parametrize("name", SIZES)
def test_every_spec_is_whole(name):
    subset = SUBSETS[name]
    assert subset.name == name
    assert subset.what
    assert subset.licence
    assert "2604.20570" in subset.citation
    assert (subset.origin == "released") == (subset.hub_file is not None) == (not name.startswith("sim-"))
    assert (subset.generator is not None) == (subset.built and subset.origin == "simulated")
    assert SUBSETS[subset.instead].built
    assert subset.split == ("train" if name.endswith("train") else "test")


@pytest.mark.parametrize("name", [name for name in SIZES if not SUBSETS[name].built])
def test_a_config_that_is_not_built_says_so_in_one_line(name):
    with pytest.raises(
        UnavailableConfigError,
        match=rf"config '{name}' .*use load_dataset\('gsi-bench', '{SUBSETS[name].instead}'\)",
    ) as info:
        require_built(SUBSETS[name])
    assert "\n" not in str(info.value)


def test_every_simulated_config_is_built_and_is_one_of_the_generators():
    simulated = {name: SUBSETS[name] for name in SUBSETS if SUBSETS[name].origin == "simulated"}
    assert set(simulated) == set(CONFIGS)
    for name, subset in simulated.items():
        assert subset.built
        assert subset.generator == name
        assert subset.num_rows == CONFIGS[name].num_rows
        assert subset.environment in (*CONFIGS[name].environments, "mixed")


def test_a_simulated_config_without_a_generator_says_so():
    unbuilt = dataclasses.replace(SUBSETS["sim-room"], built=False)
    with pytest.raises(UnavailableConfigError, match="config 'sim-room' has no generator in this version"):
        require_built(unbuilt)


def test_a_released_config_says_what_was_looked_for_and_where(monkeypatch):
    with pytest.raises(UnavailableConfigError, match=rf"'training pairs' in the Hub dataset '{HUB_REPO}'"):
        require_built(SUBSETS["train"])
    with pytest.raises(UnavailableConfigError, match=r"'training pairs' in data_dir='/my/files'"):
        require_built(SUBSETS["train"], data_dir="/my/files")
    monkeypatch.setenv("GSI_BENCH_HUB_REPO", "me/copy")
    with pytest.raises(UnavailableConfigError, match="Hub dataset 'me/copy'"):
        require_built(SUBSETS["train"])
    with pytest.raises(UnavailableConfigError, match="Hub dataset 'you/copy'"):
        require_built(SUBSETS["train"], repo_id="you/copy")


def test_the_built_config_passes():
    require_built(SUBSETS["sim-tabletop"])


def test_hub_repo_takes_the_argument_then_the_variable_then_the_authors(monkeypatch):
    monkeypatch.delenv("GSI_BENCH_HUB_REPO", raising=False)
    assert hub_repo() == HUB_REPO
    monkeypatch.setenv("GSI_BENCH_HUB_REPO", "me/copy")
    assert hub_repo() == "me/copy"
    assert hub_repo("you/copy") == "you/copy"


def test_an_unknown_config_suggests():
    with pytest.raises(UnknownNameError, match="Did you mean 'sim-tabletop'"):
        SUBSETS["sim-tabeltop"]
