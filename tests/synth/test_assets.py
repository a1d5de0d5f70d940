"""The whole registry of assets, walked kind by kind: what one kind needs is built and painted once."""

import functools

import numpy as np
import pytest
from scipy.spatial import ConvexHull, cKDTree

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.synth.assets import KINDS, build_asset, caption, library, movable_kinds, place, support
from gsi_bench_hf.synth.assets.palette import CLOTHS, GLAZES, PLASTICS
from gsi_bench_hf.synth.assets.textures import paint

VARIANTS = (0, 1, 7)
ALL = tuple(KINDS)
MOVABLE = movable_kinds()


# Fixtures of the module and not plain parameters: pytest then runs all tests of one kind before those of the next.
@pytest.fixture(scope="module", params=ALL)
def kind(request):
    return request.param


@pytest.fixture(scope="module", params=MOVABLE)
def movable(request):
    return request.param


def surface_samples(asset, count, rng):
    """(count, 3) points spread over the surface by area, (count, 3) their colours."""
    points, colors, areas = [], [], []
    for part in asset.parts:
        corner = part.vertices_m[part.faces]
        areas.append(np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1))
    total = sum(a.sum() for a in areas)
    for part, area in zip(asset.parts, areas, strict=True):
        n = max(1, int(count * area.sum() / total))
        face = part.faces[rng.choice(len(area), n, p=area / area.sum())]
        weight = rng.dirichlet((1.0, 1.0, 1.0), n)
        points.append(np.einsum("nk,nkd->nd", weight, part.vertices_m[face]))
        color = np.ones((n, 3))
        if part.material.texture is not None:
            image = paint(part.material.texture) / 255.0
            uv = np.einsum("nk,nkd->nd", weight, part.uv[face])
            rows, columns = image.shape[:2]
            color = image[
                (((1 - uv[:, 1]) % 1.0) * rows).astype(int) % rows, ((uv[:, 0] % 1.0) * columns).astype(int) % columns
            ]
        colors.append(color * part.material.rgba[:3])
    return np.concatenate(points), np.concatenate(colors)


@functools.lru_cache(maxsize=8)
def cloud(kind, variant, count=24000):
    """A variant's surface as points, colours, a tree of both (a distance of 1 is 3 % of the size or 0.2 of colour), and a pick."""
    asset, rng = build_asset(kind, variant), np.random.default_rng(0)
    reach, tone = 0.03 * float(np.linalg.norm(asset.size_m)), 0.2
    points, colors = surface_samples(asset, count, rng)
    tree = cKDTree(np.concatenate([points / reach, colors / tone], axis=1))
    return points, colors, tree, rng.choice(len(points), count // 6, replace=False), reach, tone


def unlike_share(kind, variant, angle_deg):
    """Share of the surface that has no match in place and colour once the asset is turned."""
    points, colors, tree, pick, reach, tone = cloud(kind, variant)
    turned = points[pick] @ rotation_z(np.deg2rad(angle_deg)).T
    near = np.concatenate([turned / reach, colors[pick] / tone], axis=1)
    distance, _ = tree.query(near, distance_upper_bound=1.0)  # inf beyond
    return float(np.mean(distance > 1.0))


def test_there_are_enough_kinds_and_fixtures():
    assert len(MOVABLE) >= 16
    assert {
        "mug",
        "teapot",
        "bowl",
        "plate",
        "bottle",
        "book",
        "box",
        "lamp",
        "laptop",
        "toy-car",
        "shoe",
        "plant",
    } <= set(MOVABLE)
    assert {"table", "floor", "wall"} <= {name for name in ALL if not KINDS[name].movable}
    named = [KINDS[name] for name in ALL if KINDS[name].family != "enclosure"]  # a wall is a wall in any room
    assert len({kind.label for kind in named}) == len(named)
    assert len({kind.label_zh for kind in named}) == len(named)


def test_geometry_is_sound(kind):
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        for part in asset.parts:
            assert np.isfinite(part.vertices_m).all()
            assert part.faces.min() >= 0
            assert part.faces.max() < len(part.vertices_m)
            np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1.0, atol=1e-6)
            assert (part.uv is not None) == (part.material.texture is not None)
            if part.uv is not None:
                assert part.uv.shape == (len(part.vertices_m), 2)
                assert np.isfinite(part.uv).all()
        assert sum(len(part.faces) for part in asset.parts) <= 6500
        assert len(asset.parts) <= (24 if kind == "book-row" else 16)  # every book of a row has its own colours


def test_normals_and_faces_agree(kind):
    for variant in VARIANTS:
        for part in build_asset(kind, variant).parts:
            corner = part.vertices_m[part.faces]
            across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
            area = np.linalg.norm(across, axis=1)
            against = np.sum(across * part.normals[part.faces].mean(axis=1), axis=1) < 0
            assert area[against].sum() <= 0.01 * area.sum()


def test_solid_parts_face_outwards(movable):
    """The volume that a closed skin encloses is positive only when its faces look outwards."""
    for part in build_asset(movable, 0).parts:
        if part.solid:
            a, b, c = (part.vertices_m[part.faces[:, k]] - part.vertices_m.mean(axis=0) for k in range(3))
            assert np.sum(np.cross(a, b) * c) > 0


def test_box_is_centred_and_stands_on_zero(kind):
    for variant in VARIANTS:
        asset = build_asset(kind, variant)
        points = np.concatenate([part.vertices_m for part in asset.parts])
        np.testing.assert_allclose(points.min(axis=0), [-asset.size_m[0] / 2, -asset.size_m[1] / 2, 0.0], atol=1e-9)
        np.testing.assert_allclose(np.ptp(points, axis=0), asset.size_m, atol=1e-9)


def test_size_and_mass_are_of_the_household(movable):
    for variant in VARIANTS:
        asset = build_asset(movable, variant)
        light_furniture = "tabletop" not in KINDS[movable].environments
        assert 0.06 <= asset.size_m.max() <= (1.8 if light_furniture else 0.6)
        assert asset.size_m.min() >= 0.02
        assert 0.02 <= asset.mass_kg <= (15.0 if light_furniture else 5.0)


def test_same_variant_same_bytes_and_variants_differ(kind):
    first = build_asset(kind, 3)
    again, _ = library._drafted(kind, 3)
    assert again is not first
    assert [p.vertices_m.tobytes() for p in first.parts] == [p.vertices_m.tobytes() for p in again.parts]
    assert [p.material for p in first.parts] == [p.material for p in again.parts]
    looks = {
        (tuple(p.material for p in build_asset(kind, v).parts), build_asset(kind, v).size_m.tobytes()) for v in range(8)
    }
    assert len(looks) >= (2 if KINDS[kind].family == "enclosure" else 5)


def test_declared_symmetry_is_real_and_none_is_hidden(movable):
    for variant in VARIANTS:
        asset = build_asset(movable, variant)
        if asset.symmetry == 0:
            assert max(unlike_share(movable, variant, angle) for angle in (37.0, 90.0, 143.0)) < 0.006
        else:
            for turn in range(1, asset.symmetry):
                assert unlike_share(movable, variant, 360.0 * turn / asset.symmetry) < 0.006
        if asset.symmetry == 1:
            assert min(unlike_share(movable, variant, angle) for angle in (90.0, 120.0, 180.0, 270.0)) > 0.01


def test_surfaces_of_revolution_are_so_vertex_by_vertex():
    for kind in ("bowl", "plate", "vase"):
        asset = build_asset(kind, 0)
        assert asset.symmetry == 0
        for part in asset.parts:
            image = None if part.material.texture is None else paint(part.material.texture)
            assert image is None or (image == image[:, :1]).all()
            turned = part.vertices_m @ rotation_z(np.pi / 2).T
            assert cKDTree(part.vertices_m).query(turned)[0].max() < 1e-9


@pytest.mark.parametrize(
    ("kind", "texture"),
    [
        *(
            ("laptop", "screen"),
            ("alarm-clock", "dial"),
            ("cereal-box", "cereal"),
            ("box", "address"),
            ("bottle", "label"),
        ),
        ("picture-frame", "art"),
    ],
)
def test_pictures_are_on_the_front(kind, texture):
    parts = [p for p in build_asset(kind, 0).parts if (p.material.texture or "").startswith(texture + ":")]
    corner = parts[0].vertices_m[parts[0].faces]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]).sum(axis=0)
    assert facing[1] / np.linalg.norm(facing) < -0.85


def test_a_picture_reads_from_left_to_right_and_top_to_bottom():
    part = next(p for p in build_asset("alarm-clock", 0).parts if (p.material.texture or "").startswith("dial"))
    right, top = np.argmax(part.vertices_m[:, 0]), np.argmax(part.vertices_m[:, 2])
    assert part.uv[right, 0] > 0.9
    assert part.uv[top, 1] > 0.9


def test_stands_still_on_its_solid_parts(movable):
    """The centre of the solid parts' volume is over what touches the table, and they hold most of the thing's box."""
    for variant in VARIANTS:
        asset = build_asset(movable, variant)
        solid = [part.vertices_m for part in asset.parts if part.solid]
        hulls = [ConvexHull(points) for points in solid]
        volumes = np.array([hull.volume for hull in hulls])
        centers = np.array([points[hull.vertices].mean(axis=0) for points, hull in zip(solid, hulls, strict=True)])
        points = np.concatenate(solid)
        assert points[:, 2].min() < 5e-4
        ground = ConvexHull(points[points[:, 2] < 2e-3][:, :2])
        middle = volumes @ centers / volumes.sum()
        assert (ground.equations[:, :2] @ middle[:2] + ground.equations[:, 2]).max() < 0.0
        assert (np.ptp(points, axis=0) > 0.7 * asset.size_m)[:2].all()


def test_settles_upright_in_the_simulator(movable):
    mujoco = pytest.importorskip("mujoco")
    for variant in (0, 1):
        spec = mujoco.MjSpec()
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
        body = spec.worldbody.add_body(pos=[0, 0, 0.001])
        body.add_freejoint()
        for i, part in enumerate(p for p in build_asset(movable, variant).parts if p.solid):
            mesh = spec.add_mesh(name=str(i), uservert=part.vertices_m.ravel(), userface=part.faces.ravel())
            mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=str(i), density=400)
        model = spec.compile()
        data = mujoco.MjData(model)
        mujoco.mj_step(model, data, nstep=300)
        assert np.rad2deg(np.arccos(min(1.0, data.xmat[1][8]))) < 0.5
        assert np.linalg.norm(data.xpos[1][:2]) < 0.006


def _named(color):
    """Words whose palette tones are near an (N, 3) colour: the nearest tone's word."""
    tones = {
        word: [t for table in (GLAZES, PLASTICS, CLOTHS) for t in table.get(word, ())] for word in (*GLAZES, *CLOTHS)
    }
    words = [word for word, values in tones.items() for _ in values]
    values = np.array([[int(t[i : i + 2], 16) / 255.0 for i in (0, 2, 4)] for ts in tones.values() for t in ts])
    direction, gray = (
        color / np.maximum(np.linalg.norm(color, axis=1, keepdims=True), 1e-6),
        color.mean(axis=1, keepdims=True),
    )
    values_direction = values / np.linalg.norm(values, axis=1, keepdims=True)
    tree = cKDTree(np.concatenate([values_direction * 3, values.mean(axis=1, keepdims=True)], axis=1))
    return np.array(words)[tree.query(np.concatenate([direction * 3, gray], axis=1))[1]]


def test_the_colour_word_is_among_what_one_sees_most(movable):
    kin = {
        "brown": {"brown", "beige", "orange"},
        "beige": {"beige", "brown", "white", "yellow"},
        "gray": {"gray", "white", "black"},
    }
    for variant in range(6):
        asset = build_asset(movable, variant)
        _, colors = surface_samples(asset, 3000, np.random.default_rng(1))
        words = _named(colors)
        accepted = kin.get(asset.color, {asset.color})
        assert np.isin(words, list(accepted)).mean() > 0.15, (
            movable,
            variant,
            asset.color,
            np.unique(words, return_counts=True),
        )


def test_place_copies_the_asset():
    asset, item = build_asset("mug", 5), place("mug", 5, "mug-1", np.array([0.1, 0.2, 0.7]), scale=1.5)
    assert (item.label, item.color, item.symmetry) == ("mug", asset.color, asset.symmetry)
    np.testing.assert_array_equal(item.size_m, asset.size_m)
    np.testing.assert_array_equal(item.rotation, np.eye(3))
    assert item.scale == 1.5


def test_captions():
    asset = build_asset("mug", 5)
    assert caption(asset) == f"{asset.color} ceramic mug"
    assert caption(place("mug", 5, "mug-1", np.zeros(3))) == f"{asset.color} mug"
    assert caption(build_asset("apple", 0)).endswith(" apple")
    assert caption(build_asset("box", 0)) == "brown cardboard box"


def test_tables_carry_things_and_offer_both_shapes():
    shapes, tops = set(), set()
    for variant in range(24):
        found, asset = support("table", variant), build_asset("table", variant)
        assert 0.70 <= found.height_m <= 0.78
        assert abs(asset.size_m[2] - found.height_m) < 1e-6
        assert (2 * found.half_extents_m > (1.0, 0.7)).all()
        assert (2 * found.half_extents_m <= asset.size_m[:2]).all()
        shapes.add(found.shape)
        tops.add(asset.parts[0].material.texture)
    assert shapes == {"rectangle", "disc"}
    assert len(tops) >= 5
    assert support("floor", 0).height_m == 0.0


def test_walls_are_flat_enough_to_put_a_table_against():
    for variant in range(12):
        asset = build_asset("wall", variant)
        assert asset.size_m[0] == pytest.approx(6.0, abs=0.01)
        assert asset.size_m[1] < 0.08
        assert 2.5 < asset.size_m[2] < 2.7


def test_errors_say_what_is_wrong():
    with pytest.raises(UnknownNameError, match=r"unknown kind of asset 'mgu'\. Did you mean 'mug'"):
        build_asset("mgu", 0)
    with pytest.raises(ValueError, match="variant of mug is -1, expected 0 or more"):
        build_asset("mug", -1)
    with pytest.raises(ValueError, match="nothing can stand on a mug"):
        support("mug", 0)
