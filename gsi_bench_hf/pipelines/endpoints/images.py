"""Images on their way to an endpoint and back: sizes, PNG, base64, data URLs."""

from __future__ import annotations

import base64
import binascii
import io
import re

from PIL import Image

from gsi_bench_hf.editing import EditFailedError, describe
from gsi_bench_hf.pipelines.resolution import Plan, Resolution

_FORMATS = ("PNG", "JPEG", "WEBP")
_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_MOST_PIXELS = 8192 * 8192


def plan_for(source: tuple[int, int], size: str) -> Plan:
    """How a source of (width, height) pixels is sent, and its answer brought back, where `size` names sizes; as it is otherwise.

    >>> plan_for((512, 768), "1024x1024,1024x1536").working, plan_for((512, 768), "auto").working
    ((1024, 1536), (512, 768))
    """
    sizes = parse_sizes(size)
    return Resolution(multiple=1, sizes=sizes).plan(source) if sizes else Plan(source, source, (0, 0, *source))


def parse_sizes(size: str) -> tuple[tuple[int, int], ...]:
    """The (width, height) of "1024x1024,1536x1024"; none for "auto" and "source". Raises ValueError for anything else.

    >>> parse_sizes("1024x1024,1536x1024"), parse_sizes("auto")
    (((1024, 1024), (1536, 1024)), ())
    """
    if size in ("auto", "source"):
        return ()
    matches = [_SIZE.fullmatch(part.strip()) for part in str(size).split(",")]
    sizes = [(int(match[1]), int(match[2])) for match in matches if match is not None]
    if len(sizes) < len(matches) or any(0 in size for size in sizes):
        raise ValueError(
            f"size is {size!r}, expected 'auto' (the server's choice), 'source' (the source's), or WIDTHxHEIGHT, several with commas"
        )
    return tuple(sizes)


def to_png(image: Image.Image) -> bytes:
    """An image as PNG, without loss."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def to_data_url(png: bytes) -> str:
    """A PNG as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def from_bytes(data: bytes) -> Image.Image:
    """The image of a PNG, JPEG or WebP file, decoded whole.

    Raises:
        EditFailedError: for anything else, and for a file that is cut short.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError(f"it has {image.width}x{image.height} pixels")
        image.load()
    except Exception as error:  # noqa: BLE001 - PIL raises many types for broken files
        what = describe(error) if data[:1] else "it is empty"
        raise EditFailedError(f"the endpoint's image can't be decoded ({len(data)} bytes): {what}") from None
    return image


def from_base64(text: str) -> Image.Image:
    """The image of base64 or of a data URL. Raises EditFailedError as `from_bytes`."""
    body = _DATA_URL.sub("", text.strip(), count=1)
    try:
        return from_bytes(base64.b64decode("".join(body.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise EditFailedError(f"the endpoint's image is no base64: {describe(error)}") from None


def is_data_url(text: str) -> bool:
    """Whether it is an image in a URL.

    >>> is_data_url("data:image/png;base64,AAAA"), is_data_url("https://a.b/c.png")
    (True, False)
    """
    return _DATA_URL.match(text.strip()) is not None
