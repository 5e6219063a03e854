"""Pictures of text for the demo footage, drawn with OpenCV's own strokes: no machine is sure to have a font."""

from __future__ import annotations


def title() -> bytes:
    """Draw a transparent 1280x720 PNG with a title above and a subtitle below."""
    import cv2
    import numpy as np

    picture = np.zeros((720, 1280, 4), np.uint8)
    for text, place, size in (
        ("BIG BUCK BUNNY", (330, 110), 2.4),
        ("Good morning! What a day for a walk.", (210, 670), 1.4),
    ):
        for colour, thickness in (((0, 0, 0, 255), 12), ((255, 255, 255, 255), 4)):
            cv2.putText(picture, text, place, cv2.FONT_HERSHEY_DUPLEX, size, colour, thickness, cv2.LINE_AA)
    return _png(picture)


def slides() -> bytes:
    """Draw six 1920x1080 slides of black text on white, one below the other, as a PNG."""
    import cv2
    import numpy as np

    picture = np.full((6 * 1080, 1920, 3), 250, np.uint8)
    for slide in range(6):
        lines = [
            f"Quarterly report, page {slide + 1}",
            *(f"{n + 1}. Finding {slide * 3 + n + 1} of 18" for n in range(1 + slide % 3)),
        ]
        for row, line in enumerate(lines):
            place = (160, slide * 1080 + 200 + row * 150)
            cv2.putText(
                picture, line, place, cv2.FONT_HERSHEY_SIMPLEX, 2.6 if row == 0 else 1.8, (30, 30, 30), 4, cv2.LINE_AA
            )
    return _png(picture)


def _png(picture: object) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", picture)[1])  # type: ignore[call-overload]
