"""What the Spaces of the metrics do: an edit is shown, an image is scored; and the form, where gradio is there."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from gsi_bench_hf.metric_space import MissingGradioError, Verdict, make_form, score, show
from gsi_bench_hf.metric_space.form import verdict_text
from gsi_bench_hf.metric_space.scoring import CONFIGS

pytest.importorskip("mujoco", reason="the simulator needs mujoco")


@pytest.fixture(scope="module")
def asked():
    return show("sim-tabletop", 0)


def test_the_form_knows_the_configs_that_can_be_rendered_and_tested():
    assert CONFIGS == ("sim-tabletop", "sim-room", "sim-bathroom")


def test_an_edit_is_the_row_of_the_dataset(asked):
    assert asked.row["id"] == "sim-tabletop-00000"
    assert asked.instruction == asked.row["instruction"]
    assert asked.source.size == asked.target.size == (512, 512)
    assert asked.source.tobytes() != asked.target.tobytes()


@pytest.mark.slow
def test_a_pair_is_scored_from_any_thread(asked):
    """Forms call from threads of their own, and OpenGL knows only the one that began with it."""
    images = [asked.target.resize((320, 320)), asked.source]
    with ThreadPoolExecutor(2) as threads:
        perfect, copied = threads.map(lambda image: score("gsi_spatial_accuracy", asked, image), images)
    assert perfect.values["spatial_accuracy"] > 95
    assert copied.values["spatial_accuracy"] < 1
    assert (perfect.protocol, perfect.reason) == ("strict", "")


def test_gsi_bench_gives_all_of_them(asked):
    verdict = score("gsi_bench", asked, asked.target)
    assert list(verdict.values) == [
        "instruction_compliance",
        "spatial_accuracy",
        "appearance_consistency",
        "edit_locality",
        "average",
    ]
    assert verdict.values["average"] == pytest.approx(sum(list(verdict.values.values())[:4]) / 4)
    text = verdict_text(verdict)
    assert "| Instruction compliance | **100.0** |" in text
    assert "a score of GSI-Sim" in text


def test_what_is_not_scored_says_why():
    text = verdict_text(Verdict({"spatial_accuracy": math.nan}, "the image is | <b>red</b>", "strict", "ssim"))
    assert "| Spatial accuracy | **–** |" in text
    assert "Not scored: the image is \\| &lt;b&gt;red&lt;/b&gt;." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sim-train", 0), "the config is 'sim-train', expected sim-tabletop, sim-room, sim-bathroom"),
        (("sim-bathroom", 200), "the number is 200, expected a whole number from 0 to 199"),
        (("sim-bathroom", -1), "the number is -1"),
        (("sim-bathroom", None), "the number is None"),
        (("sim-bathroom", 0, 0.5), "the seed is 0.5"),
    ],
)
def test_what_can_not_be_shown_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        show(*arguments)


def test_a_pair_needs_an_image(asked):
    with pytest.raises(ValueError, match="there is no edited image"):
        score("gsi_bench", asked, None)


def test_an_unknown_metric_and_a_missing_gradio_are_named(monkeypatch):
    with pytest.raises(ValueError, match=r"'gsi_banch'\. Did you mean 'gsi_bench'"):
        make_form("gsi_banch")
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    with pytest.raises(MissingGradioError, match="pip install gradio"):
        make_form("gsi_bench")


# Gradio warns of what it does itself.
@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_the_form_scores_a_pair_over_http(asked, tmp_path):
    pytest.importorskip("gradio", reason="the Spaces have gradio; it is no dependency of this package")
    from gradio_client import Client, handle_file

    form = make_form("gsi_spatial_accuracy")
    try:
        _, address, _ = form.launch(prevent_thread_lock=True, quiet=True)
        client = Client(address, verbose=False)
        _, instruction, target, _ = client.predict("sim-tabletop", 0, 0, api_name="/show")
        assert instruction == asked.instruction
        *_, verdict = client.predict("sim-tabletop", 0, 0, handle_file(target), api_name="/score")
        assert "| Spatial accuracy | **" in verdict
        with pytest.raises(Exception, match="there is no edited image"):
            client.predict("sim-tabletop", 0, 0, None, api_name="/score")
    finally:
        form.close()
