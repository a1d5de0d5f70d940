"""Where the camera stands, for edits that move it: features of the known source image, with their known depth, found again.

The first guess is the pose that most feature matches agree on (SIFT, Lowe 2004; perspective-n-point in RANSAC); renders of the known
scene then refine it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.perception.known_scene import KnownScene, mask_bounds
from gsi_bench_hf.perception.photometry import SMOOTH_PX, Look, as_float, blurred, fit_look
from gsi_bench_hf.perception.pose_refine import shrink
from gsi_bench_hf.synth.scene import object_box
from gsi_bench_hf.types import Camera, Detection, Sample, Scan

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

_WIDTH_PX = 256
_LEAST_MATCHES = 8
_STEPS = np.array([0.01, 0.01, 0.01, 0.008, 0.008, 0.008])
"""Of translation, metres, and rotation vector, radians: what moves the picture by a pixel or so."""


def scan(known: KnownScene, sample: Sample, image: Float32) -> Scan:
    """The camera of the edited image, and the scene's objects as it sees them.

    Args:
        known: the scene.
        sample: the record.
        image: (H, W, 3) the edited image 0..1.
    """
    source = np.asarray(sample.source_image)
    depth_m = known.renderer.render(known.scene, want=("depth",)).depth_m
    assert depth_m is not None
    motion, matches = guess(source, depth_m, image, known.camera.intrinsics)
    look = _neutral_look(image, source)
    motion, error = refine(known, image, look, motion)
    if (
        error > 0.75 * _error(image, as_float(Image.fromarray(source), image.shape[1::-1]), look)
        and matches < _LEAST_MATCHES
    ):
        return Scan(sample.objects, (), None, diagnostics={"matches": matches, "error": error})
    pose = _matrix(motion)
    camera = Camera(
        known.camera.intrinsics, known.camera.world_from_camera @ pose, known.camera.width, known.camera.height
    )
    seen = _seen(known, camera)
    return Scan(
        sample.objects,
        seen,
        next((d for d in seen if d.instance_id == sample.target_id), None),
        camera_translation_m=pose[:3, 3],
        camera_rotation=pose[:3, :3],
        diagnostics={"matches": matches, "error": round(error, 5)},
    )


def guess(
    source: NDArray[np.uint8], depth_m: NDArray[np.float32], image: Float32, intrinsics: Float
) -> tuple[Float, int]:
    """The camera's motion from feature matches.

    Args:
        source: (H, W, 3) the source image.
        depth_m: (H, W) of the source image.
        image: (H, W, 3) the edited image 0..1.
        intrinsics: (3, 3) of both.

    Returns:
        (6,) translation (metres) and rotation vector of the new camera in the old one's frame, zeros where too few matches agree;
        and the number of matches that agree.
    """
    sift = cv2.SIFT.create(nfeatures=2500, contrastThreshold=0.015)
    points_a, features_a = sift.detectAndCompute(cv2.cvtColor(source, cv2.COLOR_RGB2GRAY), None)
    edited = np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    points_b, features_b = sift.detectAndCompute(cv2.cvtColor(edited, cv2.COLOR_RGB2GRAY), None)
    if features_a is None or features_b is None or len(features_b) < 2:
        return np.zeros(6), 0
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(features_a, features_b, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < 0.8 * p[1].distance]
    if len(good) < _LEAST_MATCHES:
        return np.zeros(6), len(good)
    space = unproject_depth(depth_m, intrinsics)
    # OpenCV puts the centre of the first pixel at 0, we at 0.5.
    from_px = np.array([points_a[m.queryIdx].pt for m in good])
    to_px = np.array([points_b[m.trainIdx].pt for m in good]) + 0.5
    columns, rows = np.rint(from_px).astype(int).T
    height, width = depth_m.shape
    world = space[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    cv2.setRNGSeed(0)
    found, turn, shift, inliers = cv2.solvePnPRansac(
        world, to_px, intrinsics, None, iterationsCount=800, reprojectionError=3.0, confidence=0.999
    )
    if not found or inliers is None or len(inliers) < _LEAST_MATCHES:
        return np.zeros(6), 0 if inliers is None else len(inliers)
    rotation, _ = cv2.Rodrigues(turn)
    back = rotation.T
    return np.concatenate([(-back @ shift).ravel(), cv2.Rodrigues(back)[0].ravel()]), len(inliers)


def refine(known: KnownScene, image: Float32, look: Look, motion: Float) -> tuple[Float, float]:
    """The motion (6,) improved by damped Gauss-Newton on draft renders, and the robust error (0..1) that is left."""
    small = blurred(shrink(image, _WIDTH_PX), 1.5 * SMOOTH_PX)
    height = small.shape[0]

    def picture(at: Float) -> Float32:
        camera = Camera(
            known.camera.intrinsics,
            known.camera.world_from_camera @ _matrix(at),
            known.camera.width,
            known.camera.height,
        )
        frame = known.renderer.render(
            known.scene.with_camera(camera), want=("rgb",), size=(_WIDTH_PX, height), quality="draft"
        )
        assert frame.rgb is not None
        return blurred(look.of(frame.rgb, _WIDTH_PX / image.shape[1]), 1.5 * SMOOTH_PX)

    best, error = motion, _error(small, picture(motion), look)
    damping = 1e-3
    for _ in range(6):
        residual = small - picture(best)
        residual -= np.median(residual, axis=(0, 1))
        weight = 1.0 / (1.0 + np.square(residual).sum(axis=-1, keepdims=True) / np.float32(0.1**2)) ** 2
        slopes = np.stack([(picture(best + s) - picture(best - s)) / 2.0 for s in np.diag(_STEPS)], axis=-1)
        weighted = slopes * weight[..., None]
        normal = np.einsum("hwci,hwcj->ij", weighted, slopes).astype(np.float64)
        toward = np.einsum("hwci,hwc->i", weighted, residual).astype(np.float64)
        step = np.linalg.solve(normal + np.diag(damping * np.diag(normal) + 1e-9), toward) * _STEPS
        tried = best + np.clip(step, -8.0 * _STEPS, 8.0 * _STEPS)
        left = _error(small, picture(tried), look)
        if left >= error:
            damping *= 30.0
            if damping > 10.0:
                break
            continue
        best, error, damping = tried, left, max(0.2 * damping, 1e-4)
        if (np.abs(step) < 0.02 * _STEPS).all():
            break
    return best, error


def _error(image: Float32, picture: Float32, look: Look) -> float:
    apart = image - picture
    apart = apart - np.median(apart, axis=(0, 1))
    squared = np.square(apart).sum(axis=-1)
    return float(np.mean(squared / (squared + np.float32(max(look.tolerance, 0.1) ** 2))))


def _neutral_look(image: Float32, source: NDArray[np.uint8]) -> Look:
    """Colour from the whole pictures' means: after the camera moved no pixel can be compared with itself."""
    fitted = fit_look(image, source)
    spread_a = source.reshape(-1, 3).astype(np.float32).std(axis=0) / np.float32(255.0)
    gain = np.clip(image.reshape(-1, 3).std(axis=0) / np.maximum(spread_a, 1e-3), 0.9, 1.1).astype(np.float32)
    return Look(gain, np.zeros(3, np.float32), 0.0, min(fitted.noise, 0.02))


def _matrix(motion: Float) -> Float:
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(np.asarray(motion[3:], dtype=np.float64))[0]
    pose[:3, 3] = motion[:3]
    return pose


def _seen(known: KnownScene, camera: Camera) -> tuple[Detection, ...]:
    labels = known.renderer.render(known.scene.with_camera(camera), want=("segmentation",)).segmentation
    found = []
    for number, item in enumerate(known.scene.objects, start=1):
        mask = np.asarray(labels == number)
        if mask.any():
            box = object_box(item, camera)
            found.append(Detection(box.vector, mask_bounds(mask), box.rotation, item.label, 1.0, item.instance_id))
    return tuple(found)
