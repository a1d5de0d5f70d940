"""The things of a scene in Blender: meshes, textures and materials, made once; objects, posed anew for every picture."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from gsi_bench_hf.synth.assets.base import Asset, Material, Part
from gsi_bench_hf.synth.render_list import encloses
from gsi_bench_hf.synth.scene import Scene, SceneObject

AssetBuilder = Callable[[str, int], Asset]
TexturePainter = Callable[[str], NDArray[np.uint8]]

_CLEAR = 0.95  # opacity of what one can't see through, at least
_APART_M = 2e-5
_KEPT_MESHES = 4000


class Things:
    """What stands in a document of Blender's.

    Args:
        document: Blender's scene.
        build_asset: kind, variant -> Asset.
        paint: texture name -> (H, W, 3) uint8, last row at v = 0.
    """

    def __init__(self, document: Any, build_asset: AssetBuilder, paint: TexturePainter) -> None:
        self._document, self._build_asset, self._paint = document, build_asset, paint
        self._meshes: dict[tuple[str, int], tuple[Any, ...]] = {}
        self._materials: dict[Material, Any] = {}
        self._images: dict[str, Any] = {}
        self._pool: dict[tuple[str, int], list[tuple[Any, ...]]] = {}
        self._codes: Any = None
        self._clear_fixtures: list[Any] = []

    def show(self, scene: Scene, only: frozenset[str] | None) -> None:
        """Pose what the scene holds, `only` those of its objects if given; hide everything else."""
        if sum(len(meshes) for meshes in self._meshes.values()) > _KEPT_MESHES:
            self.clear()
        used: dict[tuple[str, int], int] = {}
        self._clear_fixtures = []
        for pieces in (pieces for sets in self._pool.values() for pieces in sets):
            for piece in pieces:
                piece.hide_render = True
        numbered = [(item, 0) for item in scene.fixtures]
        numbered += [(o, i + 1) for i, o in enumerate(scene.objects) if only is None or o.instance_id in only]
        for item, number in numbered:
            name = (item.kind, item.variant)
            place = used.get(name, 0)
            used[name] = place + 1
            self._pose(item, number, self._pieces(name, place))

    def _pose(self, item: SceneObject, number: int, pieces: tuple[Any, ...]) -> None:
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = item.scale * item.rotation, item.position_m
        matrix = Matrix(pose.tolist())
        # A lamp may stand beyond a wall.
        shades = not encloses(item)
        for piece in pieces:
            piece.matrix_world, piece.pass_index, piece.hide_render = matrix, number, False
            piece.visible_shadow = shades
            if number == 0 and piece.data.get("clear"):
                self._clear_fixtures.append(piece)

    @contextlib.contextmanager
    def without_clear_fixtures(self) -> Iterator[None]:
        """Fixtures of glass hidden, so that ids and depth are of what is seen through them."""
        for piece in self._clear_fixtures:
            piece.hide_render = True
        try:
            yield
        finally:
            for piece in self._clear_fixtures:
                piece.hide_render = False

    def codes(self) -> Any:
        """A material that shines with an object's number in red and its depth along camera z in green."""
        if self._codes is None:
            self._codes = bpy.data.materials.new("codes")
            self._codes.use_nodes = True
            nodes, links = self._codes.node_tree.nodes, self._codes.node_tree.links
            nodes.clear()
            both, shine = nodes.new("ShaderNodeCombineXYZ"), nodes.new("ShaderNodeEmission")
            links.new(nodes.new("ShaderNodeObjectInfo").outputs["Object Index"], both.inputs["X"])
            links.new(nodes.new("ShaderNodeCameraData").outputs["View Z Depth"], both.inputs["Y"])
            links.new(both.outputs[0], shine.inputs["Color"])
            out = nodes.new("ShaderNodeOutputMaterial")
            _one_sided(self._codes.node_tree, shine, out)
        return self._codes

    def clear(self) -> None:
        """Remove every thing, mesh, material and texture."""
        for pieces in (pieces for sets in self._pool.values() for pieces in sets):
            for piece in pieces:
                bpy.data.objects.remove(piece)
        for mesh in (mesh for meshes in self._meshes.values() for mesh in meshes):
            bpy.data.meshes.remove(mesh)
        for material in self._materials.values():
            bpy.data.materials.remove(material)
        for image in self._images.values():
            bpy.data.images.remove(image)
        for kept in (self._pool, self._meshes, self._materials, self._images):
            kept.clear()

    def _pieces(self, name: tuple[str, int], place: int) -> tuple[Any, ...]:
        """The objects of the `place`-th thing of that name in a scene."""
        sets = self._pool.setdefault(name, [])
        if place == len(sets):
            if name not in self._meshes:
                parts = self._build_asset(*name).parts
                self._meshes[name] = tuple(self._mesh(f"{name[0]}-{name[1]}-{i}", p) for i, p in enumerate(parts))
            made = tuple(bpy.data.objects.new(mesh.name, mesh) for mesh in self._meshes[name])
            for piece in made:
                self._document.collection.objects.link(piece)
            sets.append(made)
        return sets[place]

    def _mesh(self, name: str, part: Part) -> Any:
        mesh = bpy.data.meshes.new(name)
        faces = np.ascontiguousarray(part.faces, dtype=np.int32)
        mesh.vertices.add(len(part.vertices_m))
        # Sheets are doubled, back to back: a ray that meets the back first would pass the front at the same place by.
        places = np.asarray(part.vertices_m + _APART_M * np.asarray(part.normals))
        mesh.vertices.foreach_set("co", np.ascontiguousarray(places, dtype=np.float32).ravel())
        mesh.loops.add(faces.size)
        mesh.loops.foreach_set("vertex_index", faces.ravel())
        mesh.polygons.add(len(faces))
        mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
        if part.uv is not None:
            uv = np.ascontiguousarray(part.uv[faces.ravel()], dtype=np.float32)
            mesh.uv_layers.new(name="uv").data.foreach_set("uv", uv.ravel())
        mesh.update(calc_edges=True)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
        mesh.normals_split_custom_set_from_vertices(part.normals.tolist())
        mesh.materials.append(self._material(part.material))
        mesh["clear"] = part.material.rgba[3] < _CLEAR
        return mesh

    def _material(self, material: Material) -> Any:
        if material not in self._materials:
            made = bpy.data.materials.new(material.texture or "plain")
            made.use_nodes = True
            tree = made.node_tree
            tree.nodes.clear()
            surface = tree.nodes.new("ShaderNodeBsdfPrincipled")
            out = tree.nodes.new("ShaderNodeOutputMaterial")
            self._paint_surface(tree, surface, material)
            _gloss(surface, material)
            if material.rgba[3] < _CLEAR:
                _clear(tree, surface, out, material)
            else:
                _one_sided(tree, surface, out)
            self._materials[material] = made
        return self._materials[material]

    def _paint_surface(self, tree: Any, surface: Any, material: Material) -> None:
        color = (*(float(c) ** 2.2 for c in material.rgba[:3]), 1.0)
        glow = max(material.emission, 1.0 if (material.texture or "").startswith("view:") else 0.0)
        surface.inputs["Base Color"].default_value = color
        surface.inputs["Emission Color"].default_value = color
        surface.inputs["Emission Strength"].default_value = glow
        if (material.texture or "").partition(":")[0] == "mirror":
            surface.inputs["Base Color"].default_value = (0.9, 0.93, 0.92, 1.0)
            return
        if material.texture is None:
            return
        picture, tint = tree.nodes.new("ShaderNodeTexImage"), tree.nodes.new("ShaderNodeMix")
        picture.image = self._image(material.texture)
        tint.data_type, tint.blend_type = "RGBA", "MULTIPLY"
        tint.inputs[0].default_value = 1.0
        tint.inputs[7].default_value = color
        tree.links.new(picture.outputs["Color"], tint.inputs[6])
        tree.links.new(tint.outputs[2], surface.inputs["Base Color"])
        tree.links.new(tint.outputs[2], surface.inputs["Emission Color"])

    def _image(self, texture: str) -> Any:
        if texture not in self._images:
            pixels = np.asarray(self._paint(texture))[::-1, :, :3]
            height, width = pixels.shape[:2]
            image = bpy.data.images.new(texture[:60], width, height, alpha=False)
            rgba = np.ones((height, width, 4), np.float32)
            rgba[..., :3] = pixels / np.float32(255.0)
            image.pixels.foreach_set(rgba.ravel())
            image.pack()
            self._images[texture] = image
        return self._images[texture]


def _one_sided(tree: Any, surface: Any, out: Any) -> None:
    """Nothing is seen of a face from behind, as the other renderer has it: some things are closed by faces that look away."""
    nodes, links = tree.nodes, tree.links
    either = nodes.new("ShaderNodeMixShader")
    links.new(nodes.new("ShaderNodeNewGeometry").outputs["Backfacing"], either.inputs[0])
    links.new(surface.outputs[0], either.inputs[1])
    links.new(nodes.new("ShaderNodeBsdfTransparent").outputs[0], either.inputs[2])
    links.new(either.outputs[0], out.inputs["Surface"])


def _gloss(surface: Any, material: Material) -> None:
    """The Phong numbers as a rough or polished surface; what is glossy and reflects is metal."""
    is_mirror = (material.texture or "").partition(":")[0] == "mirror"
    dull = 1.0 - 0.85 * min(material.shininess, 1.0) * min(2.0 * material.specular, 1.0)
    surface.inputs["Metallic"].default_value = 1.0 if material.metallic or is_mirror else 0.0
    surface.inputs["Roughness"].default_value = 0.0 if is_mirror else max(0.08, dull**1.5)
    surface.inputs["Specular IOR Level"].default_value = min(0.9 * material.specular + 0.05, 0.6)


def _clear(tree: Any, surface: Any, out: Any, material: Material) -> None:
    """Glass, whose shadow is faint."""
    color = [0.35 * float(c) ** 2.2 + 0.65 for c in material.rgba[:3]]
    surface.inputs["Base Color"].default_value = (*color, 1.0)
    surface.inputs["Transmission Weight"].default_value = 1.0 - 0.6 * material.rgba[3] ** 2
    surface.inputs["Roughness"].default_value = 0.02
    surface.inputs["IOR"].default_value = 1.33
    nodes, links = tree.nodes, tree.links
    path, through, either = (
        nodes.new(name) for name in ("ShaderNodeLightPath", "ShaderNodeBsdfTransparent", "ShaderNodeMixShader")
    )
    through.inputs["Color"].default_value = (*(0.9 * c for c in color), 1.0)
    links.new(path.outputs["Is Shadow Ray"], either.inputs[0])
    links.new(surface.outputs[0], either.inputs[1])
    links.new(through.outputs[0], either.inputs[2])
    links.new(either.outputs[0], out.inputs["Surface"])
