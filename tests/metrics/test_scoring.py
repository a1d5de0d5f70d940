import json
import math

import numpy as np
import pytest
from PIL import Image
from tiny import ColourJudge, SquareDetector, picture, row

from gsi_bench_hf.metrics.aggregate import aggregate_paper
from gsi_bench_hf.metrics.lpips import LpipsUnavailableError
from gsi_bench_hf.metrics.scoring import (
    SampleScore,
    changed_region,
    paper_inputs,
    resolve_lpips,
    resolve_protocol,
    score_sample,
    summarise,
    unscorable,
)
from gsi_bench_hf.types import Judgement, Sample, Scan

X, Y, STEP = 4, 6, 40  # of the tiny record 0 when moved by 40 px: 62.5 cm, far enough for `paper`


def record(step_px=STEP, **changes):
    return Sample({**row(0, step_px=step_px), **changes})


def scored(sample, edited, protocol="strict", judgement=None, lpips=None):
    scan = SquareDetector().detect(sample, edited)
    judgement = judgement or ColourJudge().judge(sample, edited, scan)
    return score_sample(sample, edited, scan, judgement, protocol=protocol, lpips=lpips)


def values(score):
    return (
        score.instruction_compliance,
        score.spatial_accuracy,
        score.appearance_consistency,
        score.edit_locality,
    )


class HalfLpips:
    """An LPIPS of 0.2 everywhere."""

    def map(self, source, edited):
        return np.full(source.shape[:2], 0.2, np.float32)


def test_strict_the_ground_truth_scores_full_and_the_input_nothing():
    sample = record()
    assert values(scored(sample, sample.target_image)) == pytest.approx((100, 100, 100, 100), abs=1e-6)
    copied = scored(sample, sample.source_image)
    assert values(copied) == (0.0, 0.0, 0.0, 0.0)
    assert copied.details["measured_edit_locality"] == pytest.approx(100.0)


def test_strict_a_wrong_direction_scores_nothing():
    sample = Sample(row(2, step_px=8))
    assert values(scored(sample, picture(14 - 8, Y))) == (0.0, 0.0, 0.0, 0.0)


def test_strict_by_hand():
    # 30 of 40 px: 1 − 10/40 = 0.75; the judge says 6, which is 60; nothing else changed.
    score = scored(record(), picture(X + 30, Y), judgement=Judgement(6.0))
    assert values(score) == pytest.approx((100, 75, 60, 100), abs=1e-4)
    assert score.details["errors"]["position_m"] == pytest.approx(10 / 64)


def test_strict_locality_with_lpips_is_the_mean_of_both():
    # (1 + 1 − 0.2) / 2 = 0.9.
    sample = record()
    score = scored(sample, sample.target_image, lpips=HalfLpips())
    assert (score.edit_locality, score.details["locality"]) == (pytest.approx(90.0, abs=1e-4), "ssim+lpips")


def test_strict_a_change_elsewhere_costs_locality():
    pixels = np.asarray(record().target_image).copy()
    pixels[45:60, 5:60] = np.random.default_rng(0).integers(0, 140, (15, 55, 1))
    score = scored(record(), Image.fromarray(pixels))
    assert 20 < score.edit_locality < 90


def test_strict_a_missing_judgement_is_nan_with_its_reason():
    sample = record()
    score = scored(sample, sample.target_image, judgement=Judgement(None, "the reply was empty"))
    assert math.isnan(score.appearance_consistency)
    assert (score.reason, score.scorable) == ("no judgement: the reply was empty", True)


def test_what_cannot_be_scored_is_nan_with_its_reason():
    sample = record(edit={**row(0)["edit"], "new_bbox_3d": None})
    score = scored(sample, sample.source_image)
    assert all(math.isnan(value) for value in values(score))
    assert score.reason == "the record has no original or no new box of the target"


def test_strict_view_is_compared_with_the_target_image():
    motion = {"translation_m": [0.0, 0.0, 0.2], "rotation": np.eye(3).tolist()}
    sample = record(operation="view", edit={**row(0)["edit"], "camera_motion": motion})
    scan = Scan((), (), None, camera_translation_m=np.array([0.0, 0.0, 0.2]), camera_rotation=np.eye(3))
    score = score_sample(sample, sample.target_image, scan, Judgement(10.0), protocol="strict", lpips=None)
    assert values(score) == pytest.approx((100, 100, 100, 100), abs=1e-6)
    without = record(operation="view", edit=dict(sample.row["edit"]), target_image=None)
    score = score_sample(without, sample.source_image, scan, Judgement(10.0), protocol="strict", lpips=None)
    assert score.reason == "a view edit is compared with its target image, and the record has none"


def test_the_changed_region_covers_before_wanted_and_found():
    sample = record()
    scan = SquareDetector().detect(sample, picture(X, Y + 30))
    changed = changed_region(sample, scan)
    for x, y in ((X, Y), (X + STEP, Y), (X, Y + 30)):
        assert changed[y : y + 12, x : x + 12].all()
    # Four dilated squares of 12 px and 1.4 px around them would be 3 · 15² at most.
    assert changed.sum() < 3 * 15**2


def test_paper_by_hand():
    # The perfect move. SA = 0.3 · 1 + 0.7 · 1 = 100; the judge says 8; EL is 100 · SSIM.
    sample = record()
    score = scored(sample, sample.target_image, "paper", Judgement(8.0))
    assert values(score)[:3] == pytest.approx((100, 100, 80), abs=0.01)
    assert score.edit_locality == pytest.approx(100 * score.details["ssim"])
    assert score.details["locality"] == "ssim"


def test_paper_with_lpips_counts_lpips_alone():
    sample = record()
    score = scored(sample, sample.target_image, "paper", Judgement(8.0), HalfLpips())
    assert (score.edit_locality, score.details["locality"]) == (pytest.approx(80.0, abs=1e-4), "lpips")


@pytest.mark.parametrize("judged", [0.0, None])
def test_quirk_paper_takes_all_to_zero_without_a_judgement(judged):
    sample = record()
    score = scored(sample, sample.target_image, "paper", Judgement(judged))
    assert values(score) == (0.0, 0.0, 0.0, 0.0)
    assert score.details["measured_spatial_accuracy"] == pytest.approx(100, abs=0.01)


def view(**changes):
    """A record that asks for another view, whose ground truth is its target image."""
    return record(operation="view", **changes)


def test_quirk_paper_view_is_not_gated_and_is_its_own_compliance():
    # Unlike the source everywhere (the gate would be shut), and half like the target.
    sample = view()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    assert noise.size == sample.source_image.size
    score = score_sample(sample, noise, Scan((), (), None), Judgement(5.0), protocol="paper", lpips=None)
    assert score.instruction_compliance == score.spatial_accuracy == score.details["measured_spatial_accuracy"]
    assert 0.0 < score.spatial_accuracy < 60.0
    assert "gate" not in score.details


def test_paper_view_compares_an_edited_image_of_another_size_at_the_sources_size():
    sample = view()
    larger = sample.target_image.resize((128, 128), Image.Resampling.NEAREST)
    score = score_sample(sample, larger, Scan((), (), None), Judgement(5.0), protocol="paper", lpips=None)
    assert score.spatial_accuracy > 50.0
    other = view(target_image=sample.target_image.resize((32, 32)))
    assert (
        score_sample(other, larger, Scan((), (), None), Judgement(5.0), protocol="paper", lpips=None).spatial_accuracy
        == 0.0
    )


def test_quirk_paper_rotate_with_too_few_matches_is_gated():
    sample = record(operation="rotate")
    score = scored(sample, sample.target_image, "paper", Judgement(9.0))
    assert (score.details["same_viewpoint"], score.details["gate"]) == (None, False)
    assert values(score) == (0.0, 0.0, 0.0, 0.0)


def test_quirk_paper_gives_a_perfect_move_of_20_cm_nothing():
    sample = record(step_px=12)  # 18.75 cm: `same` as where it was
    assert values(scored(sample, sample.target_image, "paper", Judgement(10.0)))[0] == 0.0
    assert values(scored(sample, sample.target_image, "strict", Judgement(10.0)))[0] == 100.0


def test_quirk_paper_detections_come_in_the_detector_frame():
    sample = record()
    edit, origin, _ = paper_inputs(sample, SquareDetector().detect(sample, sample.source_image))
    # 64 px become 896: fourteen times.
    assert origin[0]["bbox_2d"] == pytest.approx(14.0 * np.array([X, Y, X + 12, Y + 12]))
    assert edit["camera_intrinsics"][0, 0] == 64.0


def test_paper_means_equal_the_released_aggregation():
    rng = np.random.default_rng(0)
    ic, sa, el, ac, scores = {}, {}, {}, {}, []
    for i in range(12):
        sample = record()
        edited = picture(int(rng.integers(0, 52)), Y)
        judgement = Judgement([None, 0.0, 7.0, 9.0][i % 4])
        score = scored(sample, edited, "paper", judgement, HalfLpips())
        scores.append(score)
        measured = {k: score.details[f"measured_{k}"] / 100 for k in ("instruction_compliance", "spatial_accuracy")}
        ic[f"a{i}_0"] = {"compliance": measured["instruction_compliance"]}
        sa[f"a{i}_0"] = {"edit_score": measured["spatial_accuracy"]}
        el[f"a{i}_0"] = {"ssim": score.details["ssim"], "lpips": score.details["lpips"]}
        ac[f"a{i}_edit_0"] = judgement.score
    ours = summarise(scores, meta(12), protocol="paper", rng=rng)["metrics"]
    theirs = aggregate_paper(ic, sa, el, ac)
    short = {
        "instruction_compliance": "ic",
        "spatial_accuracy": "sa",
        "appearance_consistency": "ac",
        "edit_locality": "el_lpips",
        "average": "average",
    }
    for name, key in short.items():
        assert ours[name]["value"] == pytest.approx(theirs[key], abs=1e-9)
    assert 0 < theirs["average"] < 100


def test_details_are_plain_json():
    sample = record()
    for protocol in ("strict", "paper"):
        details = scored(sample, picture(X + 20, Y), protocol).details
        assert json.loads(json.dumps(details, allow_nan=False)) == details


def test_an_unknown_protocol_is_refused():
    sample = record()
    with pytest.raises(ValueError, match="protocol is 'lenient', expected 'paper' or 'strict'"):
        scored(sample, sample.target_image, "lenient")
    with pytest.raises(ValueError, match="protocol is 'lenient', expected 'auto', 'paper' or 'strict'"):
        resolve_protocol("lenient", sample)


def test_auto_is_strict_on_simulated_and_paper_on_released_data():
    assert resolve_protocol("auto", record()) == "strict"
    assert resolve_protocol("auto", record(subset="real")) == "paper"
    assert resolve_protocol("paper", record()) == "paper"


def test_lpips_auto_is_needed_for_paper_and_optional_for_strict(monkeypatch):
    def unavailable(backbone=None, *, download=True):
        raise LpipsUnavailableError(f"backbone {backbone}, download {download}")

    monkeypatch.setattr("gsi_bench_hf.metrics.lpips.load_lpips", unavailable)
    assert resolve_lpips("auto", "strict") is None
    assert resolve_lpips(None, "paper") is None
    with pytest.raises(LpipsUnavailableError, match="protocol 'paper' needs LPIPS: backbone None, download True"):
        resolve_lpips("auto", "paper")
    with pytest.raises(LpipsUnavailableError, match=r"^backbone None, download True"):
        resolve_lpips("published", "strict")
    with pytest.raises(LpipsUnavailableError, match=r"backbone weights\.pth"):
        resolve_lpips("weights.pth", "strict")


def meta(count, operation="move"):
    return [{"id": str(i), "operation": operation, "scene_id": i // 2} for i in range(count)]


def score(ic, sa=None, ac=0.0, el=0.0, reason=None, locality="ssim"):
    return SampleScore(ic, ic if sa is None else sa, ac, el, reason, {"locality": locality})


def summary(scores, samples, seed=0):
    return summarise(scores, samples, protocol="strict", rng=np.random.default_rng(seed))


def test_the_summary_by_hand():
    scores = [score(100, 80, 90, 98), score(0, 20), score(100, 100, 70, 96), unscorable("blank")]
    samples = meta(4)
    samples[2]["operation"] = 2  # the number of "scale"
    found = summary(scores, samples)
    # IC (100 + 0 + 100)/3, SA (80 + 20 + 100)/3, AC (90 + 0 + 70)/3, EL (98 + 0 + 96)/3; their mean 62.83.
    expected = {
        "instruction_compliance": 66.667,
        "spatial_accuracy": 66.667,
        "appearance_consistency": 53.333,
        "edit_locality": 64.667,
        "average": 62.833,
    }
    assert {name: v["value"] for name, v in found["metrics"].items()} == pytest.approx(expected, abs=1e-3)
    assert {v["n"] for v in found["metrics"].values()} == {3}
    assert list(found["by_operation"]) == ["move", "scale"]
    assert found["by_operation"]["scale"]["average"]["value"] == pytest.approx((100 + 100 + 70 + 96) / 4)
    assert found["counts"] == {"scored": 3, "unscorable": 1, "partial": 0, "by_reason": {"blank": 1}}
    assert (found["protocol"], found["locality"]) == ("strict", "ssim")


def test_a_sample_without_a_judgement_counts_where_it_was_measured():
    found = summary([score(100, 100, math.nan, 90, "no judgement: x"), score(100, 100, 80, 90)], meta(2))
    assert found["metrics"]["appearance_consistency"]["value"] == 80.0
    assert [found["metrics"][name]["n"] for name in ("edit_locality", "appearance_consistency", "average")] == [2, 1, 1]
    assert found["counts"]["partial"] == 1


def test_intervals_hold_their_value_and_are_the_same_for_the_same_seed():
    rng = np.random.default_rng(1)
    scores = [score(float(100 * rng.integers(0, 2)), float(rng.uniform(0, 100))) for _ in range(60)]
    found = summary(scores, meta(60))
    for table in (found["metrics"], *found["by_operation"].values()):
        assert all(v["low"] <= v["value"] <= v["high"] for v in table.values())
    assert found == summary(scores, meta(60))
    assert found["metrics"] == found["by_operation"]["move"]


def test_nothing_and_nothing_scorable():
    empty = summary([], [])
    assert math.isnan(empty["metrics"]["average"]["value"])
    assert empty["counts"] == {"scored": 0, "unscorable": 0, "partial": 0, "by_reason": {}}
    failed = summary([unscorable("a"), unscorable("a")], meta(2))
    assert math.isnan(failed["metrics"]["spatial_accuracy"]["value"])
    assert failed["counts"]["by_reason"] == {"a": 2}


def test_mixtures_are_refused():
    with pytest.raises(ValueError, match="1 scores and 2 samples"):
        summary([score(0)], meta(2))
    with pytest.raises(ValueError, match=r"edit locality is ssim in some samples, ssim\+lpips in others"):
        summary([score(0), score(0, locality="ssim+lpips")], meta(2))
