"""What an asset is: textured triangle parts in the object frame, no backend.

The object frame: metres, z up, the base on z = 0, the bounding box centred on the z axis, the front towards −y (an object that stands
unrotated before a camera looking along world +y shows its front). A box's own axes (`types.Box3D`) are x = object x, y = −object z,
z = object y; `scene.object_box` makes that change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    Attributes:
        texture: name and parameters of a procedural texture as one string, such as "wood:seed=3,tone=oak"; None for a plain colour.
        rgba: colour, multiplied with the texture; 0..1.
        specular, shininess, reflectance: of the Phong model, 0..1. In rooms a glossy surface of some reflectance looks like metal.
        emission: how far it shines by itself, as a share of its colour; 1 looks as bright as the picture of a window. Rooms only.
    """

    texture: str | None = None
    rgba: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    specular: float = 0.3
    shininess: float = 0.4
    reflectance: float = 0.0
    emission: float = 0.0

    @property
    def metallic(self) -> bool:
        """Whether it shines as metal and not as glaze or glass do, where a renderer makes the difference; mirrors do."""
        polished = self.reflectance >= 0.12 or (
            self.reflectance > 0.05 and self.shininess < 0.85 and self.specular >= 0.7
        )
        return polished and self.rgba[3] == 1.0


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of an asset of one material.

    Attributes:
        vertices_m: (N, 3) in the object frame.
        faces: (M, 3) int, counter-clockwise seen from outside.
        uv: (N, 2) texture coordinates, 0..1 repeating; (0, 0) is the bottom-left corner of the painted image, v runs up;
            None where the material has no texture.
        normals: (N, 3) unit vertex normals; vertices are split where an edge is sharp.
        material: of the whole part.
        solid: whether the part's convex hull takes part in collisions.
    """

    vertices_m: Float
    faces: NDArray[np.int32]
    uv: Float | None
    normals: Float
    material: Material
    solid: bool = True


@dataclass(frozen=True, eq=False)
class Asset:
    """One variant of a kind, at scale 1.

    Attributes:
        kind: registry name of the kind.
        variant: the seed it was made from.
        parts: its geometry.
        size_m: (3,) extent along object x (width), y (depth), z (height); that of all vertices.
        color: its main colour in a word, "blue".
        material_name: what it is made of in a word, "ceramic".
        symmetry: how often it looks the same in one turn about its vertical: 1 never, 2, 4, …; 0 at any angle.
        mass_kg: for the physics.
    """

    kind: str
    variant: int
    parts: tuple[Part, ...]
    size_m: Float
    color: str
    material_name: str
    symmetry: int
    mass_kg: float


@dataclass(frozen=True, eq=False)
class Draft:
    """What a kind's builder makes; `build_asset` centres it, measures it and makes an `Asset` of it.

    Attributes:
        parts: geometry, z up, front towards -y, anywhere.
        color, material_name, symmetry, mass_kg: as in `Asset`.
        supports: where things can stand on it, the main surface first; in the frame of `parts`.
    """

    parts: tuple[Part, ...]
    color: str
    material_name: str
    symmetry: int
    mass_kg: float
    supports: tuple[Support, ...] = ()


@dataclass(frozen=True, eq=False)
class Support:
    """A level surface that things can stand on, in the object frame at scale 1.

    Attributes:
        height_m: z of the surface.
        shape: a rectangle, or a disc (then both half extents are its radii).
        half_extents_m: (2,) along object x and y, around `center_m`.
        center_m: (2,) x and y of its middle.
        name: what people call it, "top", "shelf", "seat", "inside".
        clearance_m: free height above it; infinite where nothing is above.
    """

    height_m: float
    shape: Literal["rectangle", "disc"]
    half_extents_m: Float
    center_m: Float = field(default_factory=lambda: np.zeros(2))
    name: str = "top"
    clearance_m: float = float("inf")


@dataclass(frozen=True)
class Kind:
    """A kind of thing, as the registry holds it.

    Attributes:
        label: English noun, "toy car".
        label_zh: Chinese noun with its measure word apart, see `measure_zh`.
        measure_zh: Chinese measure word, "个".
        family: "tableware", "electronics", "fixture", …
        builder: makes one variant from that variant's own generator.
        movable: whether it can be the target of an edit (fixtures can't).
        environments: those whose scenes draw it.
        has_front: whether a person sees which way it faces; foliage and fruit do change when they turn, but nobody could say how.
    """

    label: str
    label_zh: str
    measure_zh: str
    family: str
    builder: Callable[[np.random.Generator], Draft]
    movable: bool = True
    has_front: bool = True
    environments: tuple[str, ...] = ("tabletop", "room")
