import numpy as np
import pytest
from PIL import Image

from gsi_bench_hf.geometry import rotation_angle
from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.pipelines.noisy_oracle import Jitter
from gsi_bench_hf.synth.operations.view import moved_camera
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import EditedScene, SceneObject, from_json, to_json
from gsi_bench_hf.types import Sample


def edit(editor, sample, **kwargs):
    extra = {"sample": sample, **kwargs} if editor.needs_sample else kwargs
    (image,) = editor(image=sample.source_image, prompt=sample.instruction, **extra).images
    return np.asarray(image)


def test_identity_gives_back_the_input(samples):
    sample = samples["move"]
    image = sample.source_image
    edited = load_editor("identity")(image=image, prompt=sample.instruction, generator=None).images[0]
    assert edited is not image
    assert np.array_equal(np.asarray(edited), np.asarray(image))
    assert load_editor("identity")(image=Image.new("L", (4, 3)), prompt="").images[0].mode == "RGB"


def test_oracle_gives_the_target_image(samples):
    for sample in samples.values():
        assert np.array_equal(edit(load_editor("oracle"), sample), np.asarray(sample.target_image))


def test_oracle_without_a_target_image_names_the_record_and_a_way_out(samples):
    bare = Sample({**samples["move"].row, "target_image": None})
    with pytest.raises(ValueError, match=rf"record {bare.id}: target_image is null.*use 'paste' or 'identity'"):
        edit(load_editor("oracle"), bare)


def test_noisy_oracle_without_noise_renders_the_truth(samples):
    for sample in samples.values():
        assert np.array_equal(edit(load_editor("noisy-oracle", jitter=0), sample), np.asarray(sample.target_image))


def test_noisy_oracle_departs_more_from_the_truth_with_every_step(samples):
    sample = samples["move"]
    truth = np.asarray(sample.target_image, dtype=float)
    distances = [
        np.abs(edit(load_editor("noisy-oracle", jitter=level), sample) - truth).mean() for level in (0, 0.25, 1, 4)
    ]
    assert distances == sorted(distances)
    assert len(set(distances)) == 4


def test_noisy_oracle_draws_from_the_record_and_the_seed_alone(samples):
    editor, sample = load_editor("noisy-oracle"), samples["scale"]
    first = edit(editor, sample, seed=5)
    edit(editor, samples["move"], seed=5)
    assert np.array_equal(edit(editor, sample, seed=5), first)
    assert not np.array_equal(edit(editor, sample, seed=6), first)


def test_noisy_oracle_leaves_a_removed_target_removed(samples):
    sample = samples["remove"]
    assert np.array_equal(edit(load_editor("noisy-oracle", jitter=3), sample), np.asarray(sample.target_image))


def test_noisy_oracle_moves_the_camera_of_a_view_edit(samples):
    scene = from_json(samples["move"].scene).source
    after = moved_camera(scene.camera, "left", 0.2)
    view = Sample(samples["move"].row | {"operation": "view", "scene": to_json(EditedScene(scene, camera=after))})
    truth = edit(load_editor("noisy-oracle", jitter=0), view)
    assert np.array_equal(truth, shared_renderer().render(scene.with_camera(after), want=("rgb",)).rgb)
    assert not np.array_equal(edit(load_editor("noisy-oracle"), view), truth)
    off = Jitter(0.03, 10.0, 0.1).apply_to_camera(after, rng=np.random.default_rng(0)).world_from_camera
    assert np.linalg.norm(off[:3, 3] - after.world_from_camera[:3, 3]) == pytest.approx(0.03)
    assert np.rad2deg(rotation_angle(off[:3, :3], after.world_from_camera[:3, :3])) == pytest.approx(2.0)


def test_noisy_oracle_needs_a_scene(samples):
    bare = Sample({**samples["move"].row, "scene": None})
    with pytest.raises(ValueError, match=rf"record {bare.id}: scene is null.*'sim-tabletop'"):
        edit(load_editor("noisy-oracle"), bare)


@pytest.mark.parametrize("seed", range(5))
def test_jitter_is_as_large_as_it_says_and_keeps_the_support(seed):
    item = SceneObject("mug-1", "mug", 0, "mug", "blue", 1, np.ones(3), np.array([0.1, 0.2, 0.75]), np.eye(3), 1.2)
    off = Jitter(0.03, 12.0, 0.25).apply(item, rng=np.random.default_rng(seed))
    assert np.linalg.norm(off.position_m - item.position_m) == pytest.approx(0.03)
    assert off.position_m[2] == item.position_m[2]
    assert np.rad2deg(rotation_angle(item.rotation, off.rotation)) == pytest.approx(12.0)
    assert off.rotation[2] == pytest.approx([0, 0, 1])
    assert off.scale / item.scale == pytest.approx(1.25) or item.scale / off.scale == pytest.approx(1.25)
