"""Primitive shapes: closed, outward, of the right volume."""

import sys

import numpy as np
import pytest

from gsi_bench_hf.synth.assets import outlines, shapes


def volume(shape):
    a, b, c = (shape.vertices[shape.faces[:, k]] for k in range(3))
    return float(np.sum(np.cross(a, b) * c) / 6.0)


def disagreement(shape):
    corner = shape.vertices[shape.faces]
    across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    return float(np.mean(np.sum(across * shape.normals[shape.faces].mean(axis=1), axis=1) < 0))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (shapes.ellipsoid(1.0, 2.0, 3.0, 64, 32), 4 / 3 * np.pi * 6),
        (shapes.lathe([(0, 0), (1, 0), (1, 2), (0, 2)], 96), 2 * np.pi),
        (shapes.rounded_box(1.0, 2.0, 3.0, 0.01), 6.0),
        (shapes.extrude(outlines.circle(1.0, 96), 2.0, 0.01), 2 * np.pi),
        (shapes.rod((0, 0, 0), (0, 0, 4), 0.5, 48, round_ends=False), np.pi),
        (shapes.rod((0, 0, 0), (0, 0, 4), 0.5, 48), np.pi + 4 / 3 * np.pi / 8),
        (shapes.tube(outlines.circle(3.0, 96)[:, [0, 1, 1]] * [1, 1, 0], 0.2, 24), 2 * np.pi * 3 * np.pi * 0.04),
    ],
)
def test_volume_and_normals(shape, expected):
    assert volume(shape) == pytest.approx(expected, rel=0.03)
    assert disagreement(shape) == 0.0
    np.testing.assert_allclose(np.linalg.norm(shape.normals, axis=1), 1.0, atol=1e-9)


def test_concave_outline_is_filled_inside_only():
    outline = np.array([(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3), (0, 0)], dtype=float)
    assert volume(shapes.extrude(outline, 1.0)) == pytest.approx(5.0)


def test_a_bevel_wider_than_a_bend_stays_outside_in():
    outline = outlines.curve([(0, 0), (1, -0.1), (1.05, 0.1), (1, 0.3), (0, 0.35)], 60, closed=True)
    assert disagreement(shapes.extrude(outline, 0.5, 0.15, 4)) == 0.0


def test_creases_part_normals_and_curves_do_not():
    cylinder = shapes.lathe([(0, 0), (1, 0), (1, 1), (0, 1)], 16)
    rim = np.isclose(cylinder.vertices[:, 2], 1.0) & np.isclose(np.hypot(*cylinder.vertices[:, :2].T), 1.0)
    assert set(np.round(cylinder.normals[rim, 2], 6)) == {0.0, 1.0}
    ball = shapes.ellipsoid(1.0, 1.0, 1.0, 32, 16)
    assert (np.sum(ball.vertices * ball.normals, axis=1) > 0.99).all()


def test_curve_goes_through_its_points():
    points = np.array([(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, 4.0)])
    np.testing.assert_allclose(outlines.curve(points, 13)[::4], points, atol=1e-12)
    closed = outlines.curve(points, 21, closed=True)
    np.testing.assert_allclose(closed[0], closed[-1], atol=1e-12)


def test_lathe_shows_the_middle_of_the_image_at_the_front():
    shape = shapes.lathe([(1, 0), (1, 1)], 32)
    front = np.argmin(shape.vertices[:, 1])
    right = np.argmax(shape.vertices[:, 0])
    assert shape.uv[front, 0] == pytest.approx(0.5)
    assert shape.uv[right, 0] == pytest.approx(0.75)


def test_moving_turning_and_scaling():
    box = shapes.rounded_box(1.0, 1.0, 1.0, 0.05).moved(1, 2, 3)
    np.testing.assert_allclose(box.vertices.min(axis=0), [0.5, 1.5, 3.0], atol=1e-9)
    turned = shapes.label(1.0, 1.0).turned("z", 90)
    np.testing.assert_allclose(turned.normals[0], [1.0, 0.0, 0.0], atol=1e-9)
    flat = shapes.ellipsoid(1, 1, 1).scaled(1.0, 1.0, 0.5)
    assert disagreement(flat) == 0.0


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mapbox_earcut", None)
    with pytest.raises(ImportError, match=r'pip install "gsi-bench-hf\[sim\]"'):
        outlines.triangulate(np.array([(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3)], dtype=float))
