"""What a page shows of arrays: images as data URIs, depth in colors, masks as outlines."""

from __future__ import annotations

import base64
import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

_LONGEST_PX = 640


def data_uri(image: Image.Image, *, quality: int = 84) -> str:
    """The image, at most 640 px long, as a WebP data URI."""
    small = image.convert("RGB")
    small.thumbnail((_LONGEST_PX, _LONGEST_PX))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def depth_picture(depth_m: NDArray[Any]) -> tuple[Image.Image, float, float]:
    """Depth (H, W) in colors, near bright and far dark, gray where it is 0; and the depths in meters at both ends of the scale."""
    known = depth_m > 0.0
    near_m, far_m = (float(v) for v in np.percentile(depth_m[known], (0.5, 99.5))) if known.any() else (0.0, 1.0)
    share = np.clip((far_m - depth_m) / max(far_m - near_m, 1e-6), 0.0, 1.0)
    colors = cv2.applyColorMap((share * 255.0).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1].copy()
    colors[~known] = 128
    return Image.fromarray(colors), near_m, far_m


def outline(mask: NDArray[np.bool_]) -> str | None:
    """SVG path data, in pixels, around a mask (H, W), holes included; None for an empty one."""
    # Twice the size, so that the outline runs along the edges of the pixels rather than through their centers.
    doubled = mask.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    rings, _ = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parts = []
    for ring in rings:
        points = (cv2.approxPolyDP(ring, 0.8, True)[:, 0].astype(np.float64) + 0.5) / 2.0
        if len(points) > 2:
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z")
    return "".join(parts) or None
