import pytest

from gsi_bench_hf.metrics.aggregate import aggregate_paper


def subset(compliance=1.0, accuracy=0.6, ssim=0.9, lpips=0.2, judged=8, suffix=""):
    return (
        {"a_0": {"operation": "move", "compliance": compliance}},
        {"a_0": {"operation": "move", "edit_score": accuracy}},
        {"a_0": {"operation": "move", "ssim": ssim, "lpips": lpips, "mse": 3.0}},
        {f"a_edit_0{suffix}": judged},
    )


@pytest.mark.parametrize("suffix", ["", ".png", ".jpg"])
def test_one_sample_by_hand(suffix):
    # el_lpips = 100 − 20 = 80; average = (100 + 60 + 80 + 80) / 4 = 80.
    expected = {"ic": 100.0, "sa": 60.0, "ac": 80.0, "el_ssim": 90.0, "el_lpips": 80.0, "average": 80.0}
    assert aggregate_paper(*subset(suffix=suffix)) == pytest.approx(expected)


@pytest.mark.parametrize("judged", [0, None])
def test_quirk_a_judgement_of_zero_or_none_takes_everything_to_zero(judged):
    assert set(aggregate_paper(*subset(judged=judged)).values()) == {0.0}


def test_quirk_a_missing_judgement_takes_everything_to_zero():
    ic, sa, el, _ = subset()
    assert set(aggregate_paper(ic, sa, el, {}).values()) == {0.0}


def test_quirk_accuracy_is_kept_where_nothing_complied():
    summary = aggregate_paper(*subset(compliance=0.0))
    assert (summary["ic"], summary["sa"], summary["ac"], summary["el_lpips"]) == (0.0, pytest.approx(60.0), 0.0, 0.0)


def test_the_bare_key_comes_before_those_with_a_suffix():
    ic, sa, el, _ = subset()
    judged = {"a_edit_0.png": 2, "a_edit_0.jpg": 3, "a_edit_0": 4}
    for score, key in ((40.0, "a_edit_0"), (30.0, "a_edit_0.jpg"), (20.0, "a_edit_0.png")):
        assert aggregate_paper(ic, sa, el, judged)["ac"] == score
        del judged[key]


def test_quirk_a_missing_locality_is_zero():
    ic, sa, _, ac = subset()
    summary = aggregate_paper(ic, sa, {}, ac)
    assert (summary["el_ssim"], summary["el_lpips"], summary["ac"]) == (0.0, 0.0, 80.0)


def test_property_a_better_judgement_never_lowers_the_average():
    averages = [aggregate_paper(*subset(judged=score))["average"] for score in range(11)]
    assert averages == sorted(averages)


def test_empty_and_incomplete_input_is_refused():
    with pytest.raises(ValueError, match="ic is empty"):
        aggregate_paper({}, {}, {}, {})
    ic, _, el, ac = subset()
    with pytest.raises(ValueError, match="sa has no 'a_0'"):
        aggregate_paper(ic, {}, el, ac)
