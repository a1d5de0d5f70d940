"""Pictures from another camera, against real renders of it."""

import numpy as np
import pytest

from gsi_bench_hf.pipelines import load_editor
from gsi_bench_hf.synth.operations.view import moved_camera, turned_camera
from gsi_bench_hf.synth.render import shared_renderer
from gsi_bench_hf.synth.scene import from_json

CHANGES = {
    "Move the camera 20 cm forward.": lambda camera: moved_camera(camera, "forward", 0.2),
    "Shift the camera 10 cm to the left.": lambda camera: moved_camera(camera, "left", 0.1),
    "Rotate the camera 15 degrees to the right.": lambda camera: turned_camera(camera, "right", 15.0),
    "将相机向右旋转15度。": lambda camera: turned_camera(camera, "right", 15.0),
}


@pytest.mark.parametrize(("prompt", "change"), CHANGES.items(), ids=["forward", "left", "turn", "turn in Chinese"])
def test_paste_shows_what_the_other_camera_sees(samples, prompt, change):
    sample = samples["move"]
    scene = from_json(sample.scene).source
    truth = shared_renderer().render(scene.with_camera(change(scene.camera)), want=("rgb",)).rgb.astype(float)
    edited = load_editor("paste")(image=sample.source_image, prompt=prompt, sample=sample).images[0]
    seen = np.s_[:, :256]  # a turn to the right brings what was not seen into the right half
    error = np.abs(np.asarray(edited, float) - truth)[seen].mean()
    assert error < 0.35 * np.abs(np.asarray(sample.source_image, float) - truth)[seen].mean()
