"""A clip's stored pictures as a captioner is shown them."""

from __future__ import annotations

from video_assets.measure.types import Crop
from video_assets.media.containers import MediaError
from video_assets.reasons import Reason

_QUALITY = 90


def cut(jpeg: bytes, crop: Crop, display: tuple[int, int]) -> bytes:
    """A keyframe cut to the clip's crop, as JPEG; as it is stored where the crop is the whole picture.

    Args:
        jpeg: the keyframe, of any size.
        crop: in display pixels.
        display: the video's width and height as displayed, in pixels.

    Raises:
        MediaError: it is no JPEG.
    """
    import cv2
    import numpy as np

    if (crop.x, crop.y, crop.width, crop.height) == (0, 0, *display):
        return jpeg
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise MediaError(Reason.NOT_MEASURED, "A keyframe of the clip is no JPEG.")
    x, y = picture.shape[1] / display[0], picture.shape[0] / display[1]
    rows = slice(round(crop.y * y), round((crop.y + crop.height) * y))
    columns = slice(round(crop.x * x), round((crop.x + crop.width) * x))
    ok, encoded = cv2.imencode(".jpg", picture[rows, columns], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not ok:
        raise MediaError(Reason.NOT_MEASURED, "A keyframe of the clip could not be cut to its crop.")
    return bytes(encoded.tobytes())
