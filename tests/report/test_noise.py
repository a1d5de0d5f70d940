"""The report's section on detector noise, as text and as a real browser shows it; and the command that leads there."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import tiny
from browser import Browser
from noisy import NoisySquare
from PIL import Image

from gsi_bench_hf.perception.repeated import RepeatedDetector
from gsi_bench_hf.report import write_report
from gsi_bench_hf.results import Results, load_results
from gsi_bench_hf.runner import evaluate_editor
from gsi_bench_hf.types import Sample, UnscorableError


class Forgetful(NoisySquare):
    """It fails at one look of one source image, with words that try to be HTML."""

    name = "<b>forgetful</b>"

    def detect(self, sample: Sample, edited: Image.Image) -> Any:
        if sample.id.endswith("3"):
            raise UnscorableError("<script>document.title = 'hacked'</script>")
        return super().detect(sample, edited)


def run(out: Path, detector: Any, editor: Any = None) -> Results:
    return tiny.run(editor or tiny.Mover(6), tiny.rows(24), out, detector=detector, progress=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    out = tmp_path_factory.mktemp("noise") / "run"
    detector = RepeatedDetector(NoisySquare(0.006, nearness=1.15), repeats=4, second=Forgetful(0.012))
    return run(out, detector)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\u00a0", " ")


def test_results_say_how_much_is_noise(results):
    noise = results.detector_noise
    assert noise["samples"] == 24
    assert noise["looks"] == ["crop 1", "crop 2", "crop 3", "crop 4", "<b>forgetful</b>"]
    assert 0.0 < noise["share"] < 1.0
    assert noise["missing"] == {"<script>document.title = 'hacked'</script>": 3}
    assert noise["second"]["n"] == 21
    assert "detector noise: SA ± " in str(results)
    assert load_results(results.folder).detector_noise == json.loads(json.dumps(noise))
    table = pyarrow.parquet.read_table(results.folder / "samples.parquet").to_pydict()
    assert np.sqrt(np.mean(np.square(table["details.detector_spread"]))) == pytest.approx(noise["spread"])
    detector = results.run["arguments"]["detector"]
    assert (detector["name"], detector["arguments"]["repeats"]) == ("noisy-square", 4)
    assert detector["arguments"]["second name"] == "<b>forgetful</b>"


def test_scores_do_not_hang_on_how_often_one_looks(results, tmp_path):
    once = run(tmp_path / "once", NoisySquare(0.006, nearness=1.15))
    assert once.detector_noise is None
    assert dict(once.metrics) == dict(results.metrics)
    write_report([tmp_path / "once"], tmp_path / "once.html")
    assert "Detector noise" not in (tmp_path / "once.html").read_text()


def test_identity_scores_nothing_whatever_the_noise(tmp_path):
    class Identity:
        name = "same"

        def __call__(self, *, image: Any, prompt: str, generator: Any = None) -> Any:
            return tiny.Output(image)

    detector = RepeatedDetector(NoisySquare(0.02, nearness=1.3), repeats=2)
    results = run(tmp_path / "run", detector, Identity())
    assert results.metrics["spatial_accuracy"] == results.metrics["instruction_compliance"] == 0.0
    # Two looks at the same crop say it too: it is the pixels that are the same.
    assert all(look["accuracy"] == 0.0 for s in results.samples for look in s["looks"])
    assert results.detector_noise["untouched"]["position_m"]["median"] > 0.01


def test_the_report_shows_it(results, tmp_path):
    write_report([results.folder], tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    section = html[html.index(">Detector noise") : html.index(">Best and worst")]
    words, noise = text(section), results.detector_noise
    assert f"{100 * noise['share']:.1f} %" in words or f"{100 * noise['share']:.0f} %" in words
    assert f"± {noise['spread']:.1f}" in words
    assert f"± {noise['mean_error']:.2f}" in words
    assert f"moved {100 * noise['untouched']['position_m']['median']:.1f} cm" in words
    assert section.count('class="reach"') == 24
    assert "<script>" not in section
    assert "<b>forgetful" not in section
    assert len(re.findall(r"SA \d+(?:–\d+)? over 5 looks", html)) == 24


@pytest.mark.parametrize(("width_px", "dark"), [(1280, False), (1280, True), (390, True)])
def test_it_fits_the_window(results, browser, tmp_path, width_px, dark):
    page = write_report([results.folder], tmp_path / "report.html")
    browser.open(page, width_px=width_px, dark=dark)
    assert browser.ask("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.ask("document.title").startswith("mover on sim-tiny")
    assert browser.requested == [page.resolve().as_uri()] or all(
        u.startswith(("file:", "data:")) for u in browser.requested
    )
    plot = browser.ask(
        "(({width, height}) => [width, height])(document.querySelector('.plot svg').getBoundingClientRect())"
    )
    assert plot[0] > 250
    assert plot[1] == 190
    shown = browser.ask("getComputedStyle(document.querySelector('.plot .reach')).stroke")
    assert shown != "none"


def test_the_command_looks_again(tmp_path, capsys, monkeypatch):
    """`gsi-bench score` with a registered detector, its arguments, repeats and a second one."""
    from gsi_bench_hf import cli, perception
    from gsi_bench_hf.cli_arguments import make_parser
    from gsi_bench_hf.cli_detectors import detector_of

    monkeypatch.setitem(perception.DETECTORS._specs, "noisy-square", NoisySquare)
    nothing: Any = lambda _: 0  # noqa: E731
    parser = make_parser(defaultdict(lambda: nothing))

    def parsed(*options: str) -> Any:
        return detector_of(parser.parse_args(["run", "--editor", "x", "--subset", "real", "--out", "o", *options]))

    assert parsed() == "auto"
    assert parsed("--detector", "cached") == "cached"
    alone = parsed("--detector", "noisy-square", "--detector-arg", "sigma_m=0.01")
    assert (type(alone), alone.sigma_m) == (NoisySquare, 0.01)
    both = parsed(
        *("--detector", "noisy-square", "--detector-repeats", "3"),
        *("--second-detector", "noisy-square", "--second-detector-arg", "nearness=1.2"),
    )
    assert both.arguments["repeats"] == 3
    assert both.arguments["second nearness"] == 1.2
    with pytest.raises(ValueError, match="--detector is not given"):
        parsed("--detector-repeats", "2")
    with pytest.raises(ValueError, match="argument of a second detector, and none is named"):
        parsed("--second-detector-arg", "a=1")
    with pytest.raises(ValueError, match=r"--detector noisy-square: .*unexpected keyword argument 'sigma'"):
        parsed("--detector", "noisy-square", "--detector-arg", "sigma=1")
    out = ["--subset", "real", "--out", str(tmp_path / "o"), "--editor", "identity", "--data-dir", str(tmp_path)]
    assert cli.main(["run", *out, "--detector", "detany3d", "--detector-arg", f"checkout={tmp_path}"]) == 2
    assert "holds neither utils/wrap_model.py nor wrap_model.py" in capsys.readouterr().err


def test_a_run_is_taken_up_again_with_its_looks(results, tmp_path):
    """Killed after some samples: the same numbers come out."""
    detector = RepeatedDetector(NoisySquare(0.006, nearness=1.15), repeats=4, second=Forgetful(0.012))
    tools = {"detector": detector, "judge": tiny.ColourJudge(), "lpips": None, "progress": False}
    evaluate_editor(tiny.Mover(6), tiny.rows(24), out=tmp_path / "run", limit=9, **tools)
    again = evaluate_editor(tiny.Mover(6), tiny.rows(24), out=tmp_path / "run", **tools)
    assert again.detector_noise == results.detector_noise
