"""What every picture that is drawn here has in common: SVG on white, and text that cannot break out of it."""

from __future__ import annotations

import base64
import html
import re

from video_assets.lake.pages import Picture

WIDTH = 560
TEXT = 'font-family="sans-serif" font-size="12" fill="#555"'
BAR = "#4f43dd"

# What XML cannot hold, though names of files and captions can.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def words(text: str) -> str:
    """Any text, to stand in an SVG."""
    return html.escape(_NOT_XML.sub("\ufffd", text))


def drawn(body: str, width: float, height: float, says: str) -> Picture:
    """An SVG picture of that size, in px."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>'
    )
    return Picture(svg.encode(), "svg", says)


def data_uri(picture: Picture) -> str:
    """The picture itself as an address, for a file that has nothing outside it."""
    kind = {"jpg": "image/jpeg", "svg": "image/svg+xml"}[picture.kind]
    return f"data:{kind};base64,{base64.b64encode(picture.data).decode()}"
