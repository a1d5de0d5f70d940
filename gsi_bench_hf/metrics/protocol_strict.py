"""The `strict` protocol, version 1, for one edit: 3D errors over what was asked (protocol.md, "`strict`").

Boxes are `types.Box3D` in the camera frame; 0 is the source, 1 the target, and no index what was found in the edited image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.geometry import rotation_angle, rotation_y
from gsi_bench_hf.types import Box3D, Edit, Scan, UnscorableError

Float = NDArray[np.float64]

COMPLIANT = 0.5
"""An edit complies where its accuracy is at least this."""

_MIN_MOVE_M = 0.02
_MIN_TURN_RAD = math.radians(1.0)
_MIN_LOG_SCALE = 0.01
_OTHER_OBJECT = 0.3
_UNASKED_TRANSLATION_M = 0.1
_UNASKED_ROTATION_RAD = math.radians(10.0)


@dataclass(frozen=True)
class StrictScore:
    """Accuracy of one edit and what it is made of, all 0..1 but the raw errors.

    Attributes:
        accuracy: base × (1 − 0.5 · min(1, largest drift)).
        base: how much of what was asked was done.
        drift: by name, how far what should have stayed has gone, 1 being as far as counts.
        errors: the raw errors behind them, by name with its unit.
    """

    accuracy: float
    base: float
    drift: dict[str, float]
    errors: dict[str, float]

    @property
    def compliance(self) -> float:
        """1.0 where the accuracy is at least a half."""
        return float(self.accuracy >= COMPLIANT)


def score_strict(edit: Edit, scan: Scan, symmetry: int) -> StrictScore:
    """Score what a detector found against what was asked.

    Args:
        edit: the record's edit; `place` and `receptacle` are scored as moves to their new box.
        scan: what the detector found in the edited image.
        symmetry: how often the target looks the same in one turn about its vertical (1: never; 0: at any angle).
            A rotation error is the smallest one over these turns.

    Raises:
        UnscorableError: when the record or the scan lacks what is needed, or the edit asks for no change.
    """
    if edit.operation == "remove":
        base = 1.0 - _OTHER_OBJECT * (scan.lost + scan.added) if scan.target is None else 0.0
        return _score(base, {}, {"lost": float(scan.lost), "added": float(scan.added)})
    if edit.operation == "view":
        return _score_view(edit, scan)
    if edit.original_box is None or edit.new_box is None:
        raise UnscorableError("the record has no original or no new box of the target")
    if scan.target is None:
        return _score(0.0, {}, {})
    original, new, found = edit.original_box, edit.new_box, scan.target.box
    if edit.operation == "rotate":
        return _score_rotate(original, new, found, symmetry)
    if edit.operation == "scale":
        return _score_scale(original, new, found, symmetry)
    return _score_move(original, new, found, symmetry)


def symmetric_angle(a: Float, b: Float, symmetry: int) -> float:
    """The smallest angle, radians, between `a` (3, 3) turned by any symmetry of its box about its y axis, and `b` (3, 3).

    >>> quarter = rotation_y(np.pi / 2)
    >>> [round(np.rad2deg(symmetric_angle(np.eye(3), quarter, n))) for n in (1, 2, 4, 0)]
    [90, 90, 0, 0]
    """
    if symmetry == 0:
        # The best turn θ maximises trace(M R_y(θ)) = M11 + (M00 + M22) cos θ + (M20 − M02) sin θ, M = bᵀ a.
        m = b.T @ a
        trace = m[1, 1] + math.hypot(m[0, 0] + m[2, 2], m[2, 0] - m[0, 2])
        return float(np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0)))
    return min(rotation_angle(a @ rotation_y(2.0 * np.pi * k / symmetry), b) for k in range(symmetry))


def _score_move(original: Box3D, new: Box3D, found: Box3D, symmetry: int) -> StrictScore:
    error_m = _distance_m(found, new)
    asked_m = max(_distance_m(new, original), _MIN_MOVE_M)
    turn_rad, log_scale = _turn_drift_rad(found, new, symmetry), _log_scale(found, new)
    return _score(
        1.0 - error_m / asked_m,
        {"rotation": turn_rad / (math.pi / 2), "scale": log_scale / math.log(2.0)},
        {"position_m": error_m, "rotation_deg": math.degrees(turn_rad), "log_scale": log_scale},
    )


def _score_rotate(original: Box3D, new: Box3D, found: Box3D, symmetry: int) -> StrictScore:
    # What was asked is taken modulo the symmetry too: else leaving a plate as it is would be part of turning it.
    asked_rad = symmetric_angle(original.rotation, new.rotation, symmetry)
    if asked_rad < _MIN_TURN_RAD:
        raise UnscorableError("the rotation asked for can't be seen: the target looks the same after it")
    error_rad = symmetric_angle(found.rotation, new.rotation, symmetry)
    shift_m, log_scale = _distance_m(found, new), _log_scale(found, new)
    return _score(
        1.0 - error_rad / asked_rad,
        {"shift": shift_m / _diameter_m(original), "scale": log_scale / math.log(2.0)},
        {"position_m": shift_m, "rotation_deg": math.degrees(error_rad), "log_scale": log_scale},
    )


def _score_scale(original: Box3D, new: Box3D, found: Box3D, symmetry: int) -> StrictScore:
    asked = _log_scale(new, original)
    if asked < _MIN_LOG_SCALE:
        raise UnscorableError("the scale asked for is 1: there is nothing to do")
    error, shift_m, turn_rad = _log_scale(found, new), _distance_m(found, new), _turn_drift_rad(found, new, symmetry)
    return _score(
        1.0 - error / asked,
        {"shift": shift_m / _diameter_m(original), "rotation": turn_rad / (math.pi / 2)},
        {"position_m": shift_m, "rotation_deg": math.degrees(turn_rad), "log_scale": error},
    )


def _score_view(edit: Edit, scan: Scan) -> StrictScore:
    if scan.camera_translation_m is None or scan.camera_rotation is None:
        raise UnscorableError("the detector did not look for the camera, which a view edit moves")
    if edit.camera_translation_m is None and edit.camera_rotation is None:
        raise UnscorableError("the record has no camera motion")
    wanted_m = np.zeros(3) if edit.camera_translation_m is None else edit.camera_translation_m
    wanted = np.eye(3) if edit.camera_rotation is None else edit.camera_rotation
    error_m = float(np.linalg.norm(scan.camera_translation_m - wanted_m))
    error_rad = rotation_angle(scan.camera_rotation, wanted)
    asked_m, asked_rad = float(np.linalg.norm(wanted_m)), rotation_angle(np.eye(3), wanted)
    translation = error_m / (asked_m if asked_m > 1e-6 else _UNASKED_TRANSLATION_M)
    rotation = error_rad / (asked_rad if asked_rad > 1e-6 else _UNASKED_ROTATION_RAD)
    errors = {"camera_position_m": error_m, "camera_rotation_deg": math.degrees(error_rad)}
    return _score(1.0 - max(translation, rotation), {}, errors)


def _score(base: float, drift: dict[str, float], errors: dict[str, float]) -> StrictScore:
    base = min(1.0, max(0.0, base))
    worst = min(1.0, max(drift.values(), default=0.0))
    return StrictScore(base * (1.0 - 0.5 * worst), base, drift, errors)


def _distance_m(a: Box3D, b: Box3D) -> float:
    return float(np.linalg.norm(a.center_m - b.center_m))


def _diameter_m(box: Box3D) -> float:
    return float(np.linalg.norm(box.extents_m))


def _log_scale(a: Box3D, b: Box3D) -> float:
    return float(np.mean(np.abs(np.log(a.extents_m / b.extents_m))))


def _turn_drift_rad(found: Box3D, new: Box3D, symmetry: int) -> float:
    # An object that looks the same at any angle has none (protocol.md).
    return 0.0 if symmetry == 0 else symmetric_angle(found.rotation, new.rotation, symmetry)
