"""A keyframe as a page shows it: cut to the clip's crop, and small."""

from __future__ import annotations

_HIGHEST, _WIDEST = 150, 270


def small(jpeg: bytes, crop: tuple[int, int, int, int], display: tuple[int, int]) -> bytes | None:
    """Cut and shrink a keyframe; None where it is no picture.

    Args:
        jpeg: the keyframe, of any size.
        crop: x, y, width and height in display pixels.
        display: width and height of the video as displayed.
    """
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return None
    x, y = picture.shape[1] / display[0], picture.shape[0] / display[1]
    cut = picture[
        round(crop[1] * y) : round((crop[1] + crop[3]) * y), round(crop[0] * x) : round((crop[0] + crop[2]) * x)
    ]
    scale = min(1.0, _WIDEST / cut.shape[1], _HIGHEST / cut.shape[0])
    shrunk = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else cut
    ok, encoded = cv2.imencode(".jpg", shrunk, [cv2.IMWRITE_JPEG_QUALITY, 72])
    return bytes(encoded.tobytes()) if ok else None
