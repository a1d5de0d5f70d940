"""Where the camera stands, for edits that move it: features of the known source image, with their known depth, found again.

The first guess is the pose that most feature matches agree on (SIFT, Lowe 2004; perspective-n-point in RANSAC); renders of the known
scene then refine it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import unproject_depth
from gsi_bench_hf.perception.known_scene import KnownScene, mask_bounds
from gsi_bench_hf.perception.photometry import SMOOTH_PX, blurred
from gsi_bench_hf.perception.pose_refine import shrink
from gsi_bench_hf.synth.scene import object_box
from gsi_bench_hf.types import Camera, Detection, Sample, Scan

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

LEAST_MATCHES = 8
"""Features that must agree on a motion of the camera."""
_LEVELS = ((160, 5), (320, 4), (480, 2))
"""Widths at which pictures are compared, and the steps at most at each."""
_TOLERANCE = 0.1
"""Difference of colour (norm over channels) at which a pixel counts as half explained."""
_UNEXPLAINED = 0.4
"""Of the robust error, 0..1: with more than this left, and no features found again, it is another place."""
_LONGEST_STEP = np.array([0.1, 0.1, 0.1, 0.06, 0.06, 0.06])
_SMALL_STEP = np.array([2e-4, 2e-4, 2e-4, 1e-4, 1e-4, 1e-4])
"""Of translation, metres, and rotation vector, radians."""


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
    motion, error = refine(known, image, motion)
    if matches < LEAST_MATCHES and error > _UNEXPLAINED:
        return Scan(sample.objects, (), None, diagnostics={"matches": matches, "error": round(error, 5)})
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
    if len(good) < LEAST_MATCHES:
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
    if not found or inliers is None or len(inliers) < LEAST_MATCHES:
        return np.zeros(6), 0 if inliers is None else len(inliers)
    rotation, _ = cv2.Rodrigues(turn)
    back = rotation.T
    return np.concatenate([(-back @ shift).ravel(), cv2.Rodrigues(back)[0].ravel()]), len(inliers)


def refine(known: KnownScene, image: Float32, motion: Float) -> tuple[Float, float]:
    """The camera's motion improved: lit renders of the known scene laid over the image, coarse to fine.

    The picture's slopes come from its own gradients and depth, so that a step costs one render (Lucas and Kanade, 1981).

    Args:
        known: the scene.
        image: (H, W, 3) the edited image 0..1.
        motion: (6,) where to start; see `guess`.

    Returns:
        The motion, (6,), and the robust error (0..1) that is left.
    """
    pose, error = _matrix(motion), 1.0
    for width, steps in _LEVELS:
        small = _smooth(shrink(image, width))
        level = known.level_camera(width)
        best, error, damping = _View.of(known, level, small, pose), np.inf, 1e-3
        for _ in range(steps):
            pose, error = best.pose, best.error
            step = best.step(damping)
            tried = _View.of(known, level, small, pose @ _matrix(step))
            if tried.error >= error:
                damping *= 30.0
                if damping > 10.0:
                    break
                continue
            best, damping = tried, max(0.2 * damping, 1e-4)
            pose, error = best.pose, best.error
            if (np.abs(step) < _SMALL_STEP).all():
                break
    return np.concatenate([pose[:3, 3], cv2.Rodrigues(pose[:3, :3])[0].ravel()]), error


@dataclass(frozen=True, eq=False)
class _View:
    """The scene as a camera would see it, beside the image.

    Attributes:
        pose: (4, 4) source camera from this one.
        picture: (h, w, 3) the render, in the image's colours, smoothed.
        depth_m: (h, w).
        residual: (h, w, 3) image - picture.
        error: 0..1, robust, mean over the pixels.
        intrinsics: (3, 3) at this size.
    """

    pose: Float
    picture: Float32
    depth_m: Float32
    residual: Float32
    error: float
    intrinsics: Float

    @classmethod
    def of(cls, known: KnownScene, level: Camera, image: Float32, pose: Float) -> _View:
        camera = Camera(level.intrinsics, level.world_from_camera @ pose, level.width, level.height)
        frame = known.renderer.render(known.scene.with_camera(camera), want=("rgb", "depth"), quality="lit")
        assert frame.rgb is not None
        assert frame.depth_m is not None
        picture = _recoloured(_smooth(frame.rgb.astype(np.float32) / np.float32(255.0)), image)
        residual = image - picture
        squared = np.einsum("hwc,hwc->hw", residual, residual)
        error = float(np.mean(squared / (squared + np.float32(_TOLERANCE**2))))
        return cls(pose, picture, frame.depth_m, residual, error, level.intrinsics)

    def step(self, damping: float) -> Float:
        """(6,) the motion of the camera, in its own frame, that the damped normal equations ask for."""
        jacobian = self._jacobian()
        squared = np.einsum("hwc,hwc->hw", self.residual, self.residual)
        weight = np.square(_TOLERANCE**2 / (squared + np.float32(_TOLERANCE**2)))
        weighted = (jacobian * weight[..., None, None]).reshape(-1, 6)
        normal = (weighted.T @ jacobian.reshape(-1, 6)).astype(np.float64)
        toward = (weighted.T @ self.residual.reshape(-1)).astype(np.float64)
        step = np.linalg.solve(normal + np.diag(damping * np.diag(normal) + 1e-9), toward)
        return np.asarray(np.clip(step, -_LONGEST_STEP, _LONGEST_STEP))

    def _jacobian(self) -> Float32:
        """(h, w, 3, 6) change of colour with the camera's translation, metres, and rotation vector, radians."""
        along_u = cv2.Sobel(self.picture, cv2.CV_32F, 1, 0, scale=0.125)
        along_v = cv2.Sobel(self.picture, cv2.CV_32F, 0, 1, scale=0.125)
        fx, fy = (np.float32(self.intrinsics[i, i]) for i in (0, 1))
        x, y, z = np.moveaxis(unproject_depth(self.depth_m, self.intrinsics).astype(np.float32), -1, 0)
        # How a pixel goes with the point (x, y, z) that it shows, in that point's three coordinates.
        slope_x, slope_y = along_u * (fx / z)[..., None], along_v * (fy / z)[..., None]
        slope_z = -(slope_x * (x / z)[..., None] + slope_y * (y / z)[..., None])
        x, y, z = x[..., None], y[..., None], z[..., None]
        turns = (slope_z * y - slope_y * z, slope_x * z - slope_z * x, slope_y * x - slope_x * y)
        return np.stack([slope_x, slope_y, slope_z, *turns], axis=-1)


def _smooth(picture: Float32) -> Float32:
    return blurred(picture, 1.5 * SMOOTH_PX)


def _recoloured(picture: Float32, image: Float32) -> Float32:
    """The picture with the gains (within 20 %) that bring most of its pixels to the image's: a camera's or a codec's doing."""
    ratio = (image + 0.02) / (picture + 0.02)
    return np.asarray(picture * np.clip(np.median(ratio, axis=(0, 1)), 0.8, 1.25), dtype=np.float32)


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
