"""The default judge where the scene is known: the target as rendered where it was found, beside the target in the edited image.

Inside the silhouette it compares colour (CIELAB), structure (SSIM) and edges, each after what changed everywhere (colour, blur,
noise) is taken off. The marks are weighed and mapped to 0..10, so that what a codec or a camera does costs little and another colour,
a blurred or a half missing object much.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.perception.known_scene import Window, cropped, lit_from, mask_bounds, window_around
from gsi_bench_hf.perception.photometry import Look, as_float, blurred, fit_look
from gsi_bench_hf.synth import scene as scenes
from gsi_bench_hf.synth.render import Renderer, shared_renderer
from gsi_bench_hf.types import Camera, Judgement, Sample, Scan, UnscorableError

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]

_SMOOTH_PX = 1.2
_JUST_SEEN, _WHOLLY_OFF = 2.5, 22.0
"""CIELAB distances: up to the first a pixel is right, from the second on it is wrong."""
_LEAST_PX = 12
_AROUND = 0.15
"""Of the image's width; see `lit_from`."""
_MARGIN = 0.2
"""Of the larger side of the box in the picture: contact shadows and blur come from beyond it."""


class RenderCompare:
    """The judge "render-compare"; see `types.Judge`.

    Args:
        renderer: draws the scene; None for the process's shared one.
    """

    def __init__(self, renderer: Renderer | None = None) -> None:
        self._renderer = renderer

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan) -> Judgement:
        """How well the target (for remove: the background that it hid) looks as it should.

        Raises:
            ValueError: the record has no scene.
        """
        if sample.scene is None:
            raise ValueError(f"render-compare needs the record's scene, and {sample.id} has none; use another judge")
        removed = sample.operation == "remove"
        if removed and scan.target is not None:
            return Judgement(0.0, "the target is still there")
        if not removed and scan.target is None:
            return Judgement(0.0, "the target was not found")
        source = scenes.from_json(sample.scene).source
        try:
            image = as_float(edited, (source.camera.width, source.camera.height))
        except UnscorableError as error:
            return Judgement(None, str(error))
        scene, window = self._expected(sample, source, scan)
        look = fit_look(image, self._reference(sample, scene, scan))
        unseen = Judgement(None, "too little of the target is in view to judge it")
        if window.empty:
            return unseen
        picture, mask = self._drawn(scene, window, sample, source, removed=removed)
        if mask.sum() < _LEAST_PX:
            return unseen
        return compare(image[window.slices], picture, mask, look)

    def _reference(self, sample: Sample, scene: scenes.Scene, scan: Scan) -> NDArray[np.uint8]:
        """(H, W, 3) what most of the edited image should show: the source image, or the scene from where the camera was found."""
        if scan.camera_rotation is None:
            return np.asarray(sample.source_image)
        rgb = (self._renderer or shared_renderer()).render(scene, want=("rgb",), quality="lit").rgb
        assert rgb is not None
        return rgb

    def _expected(self, sample: Sample, source: scenes.Scene, scan: Scan) -> tuple[scenes.Scene, Window]:
        """The scene that the edited image should show, and the part of it to look at."""
        target, camera = source.object(sample.target_id), source.camera
        if scan.target is None:
            return source.without(sample.target_id), window_around(scenes.object_box(target, camera), camera, _MARGIN)
        if scan.camera_translation_m is not None and scan.camera_rotation is not None:
            motion = np.eye(4)
            motion[:3, :3], motion[:3, 3] = scan.camera_rotation, scan.camera_translation_m
            camera = Camera(camera.intrinsics, camera.world_from_camera @ motion, camera.width, camera.height)
        else:
            target = scenes.object_at_box(target, scan.target.box, camera)
        scene = source.with_object(target).with_camera(camera)
        return scene, window_around(scenes.object_box(target, camera), camera, _MARGIN)

    def _drawn(
        self, scene: scenes.Scene, window: Window, sample: Sample, source: scenes.Scene, *, removed: bool
    ) -> tuple[NDArray[np.uint8], Bool]:
        """(h, w, 3) the window's picture, and (h, w) where to look in it: the target, or what it hid."""
        renderer = self._renderer or shared_renderer()
        number = [item.instance_id for item in source.objects].index(sample.target_id) + 1
        drawn = lit_from(window, scene.camera, _AROUND) if scene.is_room else window
        frame = renderer.render(scene.with_camera(cropped(scene.camera, drawn)), want=("rgb", "segmentation"))
        assert frame.rgb is not None
        assert frame.segmentation is not None
        inner = window.within(drawn)
        labels = frame.segmentation[inner]
        if removed:
            before = source.with_camera(cropped(source.camera, window))
            seen = renderer.render(before, want=("segmentation",)).segmentation
            assert seen is not None
            labels = seen
        mask = np.asarray(labels == number)
        if removed:
            mask = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        return frame.rgb[inner], mask


def compare(image: Float32, picture: NDArray[np.uint8], mask: Bool, look: Look) -> Judgement:
    """Judge the pixels of a mask.

    Args:
        image: (H, W, 3) the edited image 0..1.
        picture: (H, W, 3) what it should show, as rendered.
        mask: (H, W) where to look.
        look: how the edited image differs everywhere.
    """
    left, top, right, bottom = mask_bounds(mask).astype(int)
    part = (slice(max(0, top - 12), bottom + 12), slice(max(0, left - 12), right + 12))
    expected = np.clip((look.of(picture) - look.offset) / look.gain, 0.0, 1.0)[part]
    found = np.clip((image - look.offset) / look.gain, 0.0, 1.0)[part]
    inside = mask[part]
    eroded = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    inner = eroded if eroded.sum() >= _LEAST_PX else inside
    a, b = blurred(expected, _SMOOTH_PX), blurred(found, _SMOOTH_PX)
    apart = np.linalg.norm(cv2.cvtColor(a, cv2.COLOR_RGB2LAB) - cv2.cvtColor(b, cv2.COLOR_RGB2LAB), axis=-1)
    wrong = np.clip((apart[inner] - _JUST_SEEN) / (_WHOLLY_OFF - _JUST_SEEN), 0.0, 1.0)
    colour = 1.0 - float(wrong.mean())
    structure = _structure(a, b, inner, look.noise)
    edges = _edges(a, b, inside, look.noise)
    score = _mark(colour, structure, edges)
    return Judgement(score, f"colour {colour:.3f}, structure {structure:.3f}, edges {edges:.3f}")


def _mark(colour: float, structure: float, edges: float) -> float:
    """0..10: the square of the weighed geometric mean; one thing that is wholly wrong can't be made good by the others."""
    parts = np.clip([colour, structure, edges], 1e-3, 1.0)
    mean = float(np.exp(np.dot([0.5, 0.25, 0.25], np.log(parts))))
    return round(10.0 * mean**2, 3)


def _structure(a: Float32, b: Float32, mask: Bool, noise: float) -> float:
    """Mean SSIM (Wang et al., 2004) of the luminance over the mask, its constants raised by the noise."""
    x, y = (np.ascontiguousarray(v.mean(axis=-1)) for v in (a, b))

    def mean(v: Float32) -> Float32:
        return np.asarray(cv2.GaussianBlur(v, (0, 0), 2.5), dtype=np.float32)

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2 + (2.0 * noise) ** 2
    ssim = ((2.0 * mx * my + c1) * (2.0 * cov + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return float(np.clip(ssim[mask].mean(), 0.0, 1.0))


def _edges(a: Float32, b: Float32, mask: Bool, noise: float) -> float:
    """How well the gradients over the mask and its rim agree: 2⟨∇a, ∇b⟩ / (|∇a|² + |∇b|²), 0..1."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    gradients = [
        np.stack([cv2.Sobel(v.mean(axis=-1), cv2.CV_32F, dx, dy, scale=0.125)[grown] for dx, dy in ((1, 0), (0, 1))])
        for v in (a, b)
    ]
    product, energy = float((gradients[0] * gradients[1]).sum()), sum(float(np.square(g).sum()) for g in gradients)
    floor = 2.0 * float(grown.sum()) * (0.002**2 + (0.35 * noise) ** 2)
    return float(np.clip((2.0 * product + floor) / (energy + floor), 0.0, 1.0))
