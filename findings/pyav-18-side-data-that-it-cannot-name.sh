#!/usr/bin/env bash
# One kind of side data that PyAV 18.1 has no name for makes all side data of a frame unreadable, motion vectors included.
# Its FFmpeg (8.1) gives a Motion JPEG frame with EXIF a kind that PyAV's enumeration lacks: frame.side_data raises ValueError
# for the frame, whatever is asked for, though the picture itself is decoded. (PyAV 19 names kinds that it does not know.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pillow==12.0.0
venv/bin/python - <<'PYTHON'
import io

import av
from PIL import Image

print("av", av.__version__)
exif = Image.Exif()
exif[0x0112] = 1  # orientation: upright
written = io.BytesIO()
Image.new("RGB", (64, 48), "teal").save(written, "JPEG", exif=exif)
decoder = av.CodecContext.create("mjpeg", "r")
(frame,) = decoder.decode(av.Packet(written.getvalue()))
print("picture:", frame.width, frame.height, frame.format.name)
try:
    list(frame.side_data)
    said = "readable"
except ValueError as error:
    said = f"ValueError: {error}"
print("side data:", said)
assert said.startswith("ValueError"), "the frame's side data can be read by now"
PYTHON
