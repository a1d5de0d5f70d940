"""What an edit is made of: moving, erasing, choosing; and what a training pair says about it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from gsi_bench_hf.train.tiny.layers import Layers, carried, centre, crisp, filled, soft
from gsi_bench_hf.train.tiny.teaching import Lesson, loss_of, truth_of, varied
from gsi_bench_hf.train.tiny.tokens import PADDING, mirror_table, pieces, token_id, tokenize

SIZE = 64
SURE = 12.0


def square(x, y, side=12, colour=(0.9, -0.5, -0.7), wall=(-0.2, 0.1, 0.3), size=SIZE):
    """(1, 3, size, size) a square on a wall, and (1, 1, size, size) where it is."""
    picture = torch.tensor(wall)[None, :, None, None].repeat(1, 1, size, size)
    mask = torch.zeros(1, 1, size, size)
    mask[:, :, y : y + side, x : x + side] = 1
    return picture * (1 - mask) + torch.tensor(colour)[None, :, None, None] * mask, mask


def layers(mask, motion=(0.0, 0.0, 0.0), kept=SURE, repaint=None):
    nowhere = torch.full_like(mask, -SURE)
    return Layers(
        (mask - 0.5) * 2 * SURE,
        nowhere if repaint is None else (repaint - 0.5) * 2 * SURE,
        torch.zeros(len(mask), 3, *mask.shape[-2:]),
        torch.tensor([motion]),
        torch.tensor([kept]),
    )


def test_words_numbers_and_their_values():
    ids, values = tokenize(["Move it 12.5 cm.", "Move"], vocabulary=4096, length=6)
    assert pieces("Move it 12.5 cm.") == ["move", "it", "12.5", "cm"]
    assert values.tolist() == [[0, 0, 12.5, 0, 0, 0], [0] * 6]
    assert ids[0, 0] == ids[1, 0] == token_id("move", 4096)
    assert (ids[1, 1:] == PADDING).all()
    cut, _ = tokenize(["a b c"], vocabulary=4096, length=2)
    assert (cut != PADDING).all()


def test_a_mirror_swaps_the_words_for_sides_alone_and_twice_is_none():
    table = mirror_table(4096)
    assert (table[table] == np.arange(4096)).all()
    ids, _ = tokenize(
        ["the leftmost mug 15 cm right clockwise", "the rightmost mug 15 cm left counterclockwise"],
        vocabulary=4096,
        length=8,
    )
    assert (table[ids[0]] == ids[1]).all()
    assert (table != np.arange(4096)).sum() == 10


@pytest.mark.parametrize(("across", "down"), [(10, 0), (-6, 4), (0, -8)])
def test_a_target_is_carried_by_whole_pixels_exactly(across, down):
    source, mask = square(24, 24)
    wanted, place = square(24 + across, 24 + down)
    motion = torch.tensor([[2 * across / SIZE, 2 * down / SIZE, 0.0]])
    assert torch.allclose(carried(mask, centre(mask), motion), place, atol=1e-4)
    for edited in (soft, crisp):
        assert torch.allclose(edited(layers(mask, motion[0].tolist()), source), wanted, atol=0.02)


def test_growth_is_about_the_targets_middle():
    _, mask = square(24, 20, side=8)
    grown = carried(mask, centre(mask), torch.tensor([[0.0, 0.0, float(np.log(2.0))]]))
    _, wanted = square(20, 16, side=16)
    assert (grown - wanted).abs().sum() < 0.2 * wanted.sum()
    assert torch.allclose(centre(grown), centre(mask), atol=0.02)


def test_a_picture_that_is_not_square_is_carried_in_half_widths():
    mask = torch.zeros(1, 1, 32, 64)
    mask[:, :, 8:16, 10:20] = 1
    moved = carried(mask, centre(mask), torch.tensor([[8 / 32, 4 / 32, 0.0]]))
    assert torch.allclose(moved, mask.roll((4, 8), (2, 3)), atol=1e-4)


def test_what_is_not_kept_is_erased_and_nothing_else_is_touched():
    """At eight times the size of the layers; bit for bit away from the target."""
    texture = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 3, 256, 256)).astype(np.float32))
    source, large = square(100, 100, side=48, size=256)
    source = torch.where(large.bool(), source, 0.1 * texture)
    _, mask = square(25, 25, side=12)
    edited = crisp(layers(mask, kept=-SURE), source)
    assert edited[..., 100:148, 100:148].abs().max() < 0.3  # it was 0.9
    far = torch.ones(256, 256, dtype=torch.bool)
    far[80:168, 80:168] = False
    assert torch.equal(edited[..., far], source[..., far])


def test_of_two_likely_targets_the_likelier_is_moved_whole():
    first, here = square(12, 12)
    second, there = square(40, 40)
    source = torch.where(there.bool(), second, first)
    wavering = dataclasses.replace(layers(here, (0.5, 0.0, 0.0)), target=torch.logit(0.01 + 0.5 * here + 0.4 * there))
    edited = crisp(wavering, source)
    wanted, _ = square(12 + 16, 12)
    assert torch.allclose(edited, torch.where(there.bool(), second, wanted), atol=0.05)


def test_colours_flow_into_a_hole_and_what_is_known_stays():
    ramp = torch.linspace(-1, 1, SIZE)[None, None, None].expand(1, 3, SIZE, SIZE)
    _, hole = square(24, 24, side=16)
    full = filled(ramp * (1 - hole), 1 - hole)
    assert torch.equal(full * (1 - hole), ramp * (1 - hole))
    assert ((full - ramp) * hole).abs().max() < 0.35
    assert torch.isfinite(filled(ramp, torch.zeros_like(hole))).all()


def lesson(before, after, words="move the square to the left 10 cm", told=1.0):
    (source, here), (edited, there) = before, after
    tokens, values = (torch.from_numpy(a) for a in tokenize([words], vocabulary=4096, length=12))
    return Lesson(source, edited, tokens, values, here, there, torch.tensor([told]))


def test_a_pair_says_how_its_target_moved():
    truth = truth_of(lesson(square(20, 20), square(36, 24)))
    assert torch.allclose(truth.motion, torch.tensor([[0.5, 0.125, 0.0]]), atol=1e-3)
    assert (truth.copied.item(), truth.gone.item()) == (1.0, 0.0)
    _, old = square(20, 20)
    assert torch.equal(truth.repaint, old)


def test_a_pair_says_how_its_target_grew():
    truth = truth_of(lesson(square(28, 28, side=8), square(24, 24, side=16)))
    assert truth.motion[0].tolist() == pytest.approx([0.0, 0.0, np.log(2.0)], abs=0.05)


def test_a_target_that_is_gone_or_looks_otherwise_is_no_copy():
    wall, _ = square(0, 0, side=0)
    gone = truth_of(lesson(square(20, 20), (wall, torch.zeros(1, 1, SIZE, SIZE))))
    assert (gone.copied.item(), gone.gone.item()) == (0.0, 1.0)
    assert gone.repaint.sum() == 144
    turned = truth_of(lesson(square(20, 20), square(20, 20, colour=(-0.6, 0.9, 0.9))))
    assert (turned.copied.item(), turned.gone.item()) == (0.0, 0.0)
    assert turned.repaint.sum() == 144


def test_a_lesson_in_the_mirror_has_the_other_words_and_the_other_motion():
    given = lesson(square(20, 20), square(36, 24))
    seen = {}
    for seed in range(8):
        other = varied(given, 4096, torch.Generator().manual_seed(seed))
        said = "left" if torch.equal(other.tokens, given.tokens) else "right"
        seen[said] = truth_of(other).motion[0, 0].item()
    right, _ = tokenize(["move the square to the right 10 cm"], vocabulary=4096, length=12)
    assert torch.equal(torch.from_numpy(mirror_table(4096))[given.tokens], torch.from_numpy(right))
    assert seen["left"] == pytest.approx(0.5, abs=1e-3)
    assert seen["right"] == pytest.approx(-0.5, abs=1e-3)


def test_the_loss_is_least_for_the_layers_that_the_pair_was_made_of():
    given = lesson(square(20, 20), square(36, 24))

    def of(found):
        parts = loss_of(lambda *_: found, given, torch.Generator().manual_seed(0))
        return sum(part.item() for part in parts.values())

    _, old = square(20, 20)
    right = layers(old, (0.5, 0.125, 0.0), repaint=old)
    wrong = (
        layers(old, (-0.5, 0.125, 0.0), repaint=old),
        layers(old, (0.5, 0.125, 0.0), kept=-SURE, repaint=old),
        layers(1 - old),
    )
    assert of(right) < 0.05
    assert all(of(other) > 0.3 for other in wrong)


def test_without_masks_the_images_alone_teach():
    given = lesson(square(20, 20), square(36, 24), told=0.0)
    _, old = square(20, 20)
    parts = loss_of(lambda *_: layers(1 - old), given, torch.Generator().manual_seed(0))
    assert parts["flow"] > 0
    assert all(parts[name] == 0 for name in ("target", "repaint", "motion", "kept"))
