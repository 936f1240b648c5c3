"""Images of a question as URLs that a model's server takes: data: for what lies on disk, https: for the rest."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

_BEGINS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


def image_urls(cell: object, folder: Path, where: str) -> tuple[str, ...]:
    """Return the images of one row: none, one, or a list of URLs, paths relative to `folder`, or {bytes, path}.

    >>> image_urls(["https://example.org/a.png"], Path(), "row 1")
    ('https://example.org/a.png',)
    """
    if cell is None:
        return ()
    items = cell if isinstance(cell, list) else [cell]
    return tuple(_url(item, folder, where) for item in items)


def _url(item: object, folder: Path, where: str) -> str:
    if isinstance(item, Mapping):
        content = item.get("bytes")
        if isinstance(content, bytes):
            return _data_url(content, _kind_of_bytes(content, where))
        item = item.get("path")
    if not isinstance(item, str):
        raise BadInput(f"{where}: expected an image as a path, a data: or https: URL, or bytes, got {in_short(item)}")
    if item.startswith(("data:", "https:")):
        return item
    if item.startswith("http:"):
        raise BadInput(f"{where}: expected an image under https:, got {in_short(item)}; download it and give its path")
    kind, _ = mimetypes.guess_type(item)
    if kind is None or not kind.startswith("image/"):
        raise BadInput(f"{where}: expected an image file such as .png or .jpg, got {in_short(item)}; rename it")
    try:
        return _data_url((folder / item).read_bytes(), kind)
    except OSError as error:
        raise BadInput(f"{where}: expected the image {folder / item}, cannot read it ({error.strerror})") from None


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _kind_of_bytes(content: bytes, where: str) -> str:
    for begin, kind in _BEGINS.items():
        if content.startswith(begin):
            return kind
    raise BadInput(f"{where}: expected the bytes of a PNG, JPEG, GIF or WebP image, got {in_short(content[:8])}")
