"""Kinds from a folder of meshes: frames, sizes, pictures, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf.synth.assets import KINDS, build_asset, external, library, place, supports
from gsi_bench_hf.synth.assets.base import Material
from gsi_bench_hf.synth.assets.textures import paint

trimesh = pytest.importorskip("trimesh")

SAYS = {"kind": "test-chair", "front": "+z", "size_m": [0.4, 0.5, 0.8], "licence": "CC0-1.0"}


def chair():
    """A seat with a back in a glTF's frame (y up), 4 wide, 5 deep, 8 high; the back is at -z: it looks to +z."""
    seat = trimesh.creation.box((4.0, 4.0, 5.0)).apply_translation((7.0, 2.0, 0.0))
    back = trimesh.creation.box((4.0, 4.0, 1.0)).apply_translation((7.0, 6.0, -2.0))
    seat.visual.face_colors = (200, 40, 30, 255)
    return trimesh.Scene([seat, back])


def put(folder, name, scene, **says):
    scene.export(folder / name)
    (folder / name).with_suffix(".json").write_text(json.dumps({**SAYS, **says}))


@pytest.fixture
def registry():
    """The registry of kinds, put back afterwards."""
    list(KINDS)
    before = dict(KINDS._specs)
    yield KINDS
    KINDS._specs.clear()
    KINDS._specs.update(before)
    for made in vars(library).values():
        getattr(made, "cache_clear", lambda: None)()


def test_a_gltf_stands_in_the_object_frame(tmp_path, registry):
    put(
        tmp_path,
        "chair.glb",
        chair(),
        label="oak chair",
        color="red",
        symmetry=1,
        supports=[{"height_m": 0.4, "half_extents_m": [0.1, 0.1], "name": "seat"}],
    )
    found = external.register(tmp_path)
    assert dict(found.licences) == {"chair.glb": "CC0-1.0"}
    asset = build_asset("test-chair", 5)
    np.testing.assert_allclose(asset.size_m, [0.4, 0.5, 0.8], atol=1e-6)
    points = np.concatenate([part.vertices_m for part in asset.parts])
    assert points[:, 2].min() == pytest.approx(0.0, abs=1e-9)
    assert points[points[:, 2] > 0.6][:, 1].min() == pytest.approx(0.15)  # the back is behind, the front at -y
    for part in asset.parts:
        a, b, c = (part.vertices_m[part.faces[:, k]] for k in range(3))
        assert (np.sum(np.cross(b - a, c - a) * part.normals[part.faces].mean(axis=1), axis=1) > 0).all()
    assert supports("test-chair", 5)[0].name == "seat"
    assert place("test-chair", 5, "chair-1", np.zeros(3)).label == "oak chair"
    assert any(part.material.rgba[0] > 2 * part.material.rgba[1] for part in asset.parts)


@pytest.mark.parametrize("suffix", ["glb", "obj"])
def test_a_picture_is_the_right_way_up(tmp_path, registry, suffix):
    """The upper half of the picture is red and lies on the upper half of the front."""
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[:16, :, 0], pixels[16:, :, 2] = 250, 250
    box = trimesh.creation.box((1.0, 1.0, 1.0))
    uv = np.stack([box.vertices[:, 0], box.vertices[:, 1]], axis=-1) * 0.9 + 0.5
    box.visual = trimesh.visual.TextureVisuals(uv=uv, image=Image.fromarray(pixels))
    put(tmp_path, f"crate.{suffix}", box, kind="test-crate", size_m=[0.3, 0.3, 0.3])
    external.register(tmp_path)
    (part,) = build_asset("test-crate", 0).parts
    image = paint(part.material.texture)
    assert image.shape == (32, 32, 3)
    rows = ((1.0 - part.uv[:, 1]) * 31).round().astype(int)
    seen = image[rows, 8]
    high = part.vertices_m[:, 2] > 0.15
    assert high.any()
    assert (~high).any()
    assert (seen[high, 0] > seen[high, 2]).all()
    assert (seen[~high, 2] > seen[~high, 0]).all()


def test_several_files_are_looks_of_one_kind(tmp_path, registry):
    for i, tall in enumerate((0.8, 0.9)):
        scene = chair().apply_scale(1.0 + i)
        put(tmp_path, f"chair{i}.glb", scene, size_m=[tall / 2, tall * 5 / 8, tall])
    external.register(tmp_path)
    assert {round(float(build_asset("test-chair", v).size_m[2]), 3) for v in range(12)} == {0.8, 0.9}


def _nan(folder):
    (folder / "bad.obj").write_text("v nan 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n")
    (folder / "bad.json").write_text(json.dumps(SAYS))


def _flat(folder):
    (folder / "bad.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3\nf 1 3 4\nf 1 2 4\nf 2 3 4\n")
    (folder / "bad.json").write_text(json.dumps(SAYS))


def _huge(folder):
    put(folder, "bad.glb", trimesh.Scene([trimesh.creation.icosphere(subdivisions=7)]), size_m=[1, 1, 1])


def _broken(folder):
    (folder / "bad.glb").write_bytes(b"glTF and nothing more")
    (folder / "bad.json").write_text(json.dumps(SAYS))


def _elsewhere(folder):
    put(folder, "bad.gltf", chair())
    document = json.loads((folder / "bad.gltf").read_text())
    document["buffers"][0]["uri"] = "../secret.bin"
    (folder / "bad.gltf").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_nan, "not finite"),
        (_flat, "no extent along an axis"),
        (_huge, "has 327680 triangles, expected 4 to 100000"),
        (_broken, "can't be read"),
        (_elsewhere, "can't be read"),
        (
            lambda f: put(f, "bad.glb", chair(), size_m=[0.8, 0.5, 0.4]),
            "at that height the mesh is 0.200 x 0.250 x 0.400 m",
        ),
        (lambda f: put(f, "bad.glb", chair(), size_m=[0.4, 0.5, -1]), "expected three metres between"),
        (lambda f: put(f, "bad.glb", chair(), front="left"), "front is 'left', expected one of"),
        (lambda f: put(f, "bad.glb", chair(), front="-y"), "lie on one axis"),
        (lambda f: put(f, "bad.glb", chair(), licence=""), "lacks licence"),
        (
            lambda f: put(f, "bad.glb", chair(), colour="red"),
            "has colour; expected an object with any of author, color",
        ),
        (lambda f: chair().export(f / "bad.glb"), "no bad.json beside it"),
    ],
)
def test_a_bad_mesh_is_refused_by_name(tmp_path, registry, spoil, reason):
    put(tmp_path, "good.glb", chair())
    spoil(tmp_path)
    found = external.read_folder(tmp_path)
    assert list(found.licences) == ["good.glb"]
    bad = next(name for name in found.refused if name.startswith("bad."))
    assert reason in found.refused[bad]
    assert not found.refused[bad].startswith(bad)
    with pytest.raises(external.MeshError, match=r"1 meshes of .* can't be used; mend or remove them: bad\."):
        external.register(tmp_path)
    assert "test-chair" not in registry
    external.register(tmp_path, skip_bad=True)
    assert "test-chair" in registry


def test_a_taken_name_and_an_empty_folder_are_refused(tmp_path, registry):
    with pytest.raises(FileNotFoundError, match=r"no mesh \(\.glb, \.gltf, \.obj\) in"):
        external.register(tmp_path)
    put(tmp_path, "cup.glb", chair(), kind="mug")
    with pytest.raises(ValueError, match="'mug' is registered already"):
        external.register(tmp_path)


def test_the_environment_variable_names_a_folder(tmp_path, registry, monkeypatch):
    put(tmp_path, "chair.glb", chair())
    monkeypatch.setenv("GSI_BENCH_ASSETS", str(tmp_path))
    external.register_from_environment()
    assert registry["test-chair"].label == "test chair"


def test_a_picture_of_no_folder_says_so():
    with pytest.raises(ValueError, match="no picture 'abc'; register the folder"):
        paint("picture:key=abc")


def test_an_external_asset_is_drawn(tmp_path, registry):
    pytest.importorskip("mujoco")
    from gsi_bench_hf.synth.render import load_renderer
    from gsi_bench_hf.synth.scene import Light, Scene, look_at, pinhole
    from gsi_bench_hf.types import Camera

    put(tmp_path, "chair.glb", chair())
    external.register(tmp_path)
    camera = Camera(pinhole(96, 72, 50.0), look_at(np.array([0.0, -2.0, 1.2]), np.array([0.0, 0.0, 0.4])), 96, 72)
    light = Light(np.array([0.2, 0.5, -1.0]), None, (0.7, 0.7, 0.7))
    floor, item = place("floor", 0, "floor", np.zeros(3)), place("test-chair", 0, "chair-1", np.zeros(3))
    scene = Scene("tabletop", (floor,), (item,), (light,), (0.4, 0.4, 0.4), camera)
    renderer = load_renderer("mujoco")
    try:
        frame = renderer.render(scene, want=("rgb", "segmentation"))
    finally:
        renderer.close()
    seen = frame.rgb[frame.segmentation == 1].astype(float)
    assert 200 < len(seen) < 2000
    assert np.mean(seen[:, 0] > 1.5 * seen[:, 1]) > 0.2  # the red seat


def test_a_material_without_a_picture_is_plain(tmp_path, registry):
    put(tmp_path, "chair.obj", chair(), kind="test-plain")
    external.register(tmp_path)
    assert all(
        isinstance(part.material, Material) and part.material.texture is None
        for part in build_asset("test-plain", 0).parts
    )
