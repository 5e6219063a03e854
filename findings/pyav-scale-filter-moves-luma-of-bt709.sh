#!/usr/bin/env bash
# In a filter graph that PyAV builds, FFmpeg's scale filter gives pictures that say BT.709 another luma, even at their own size.
# PyAV 18.1.0 (FFmpeg 8.1.2): Graph.add_buffer() declares no colour matrix, so the graph's pictures have none; a frame that names one
# is taken as that, converted, and comes out unnamed. BT.709 and BT.2020 move (by more than 50 of 255 in saturated colours),
# BT.601 and unnamed pictures do not. Naming both matrices (in_color_matrix and out_color_matrix) leaves luma as it is.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PYTHON'
from fractions import Fraction

import av
import numpy as np

WIDTH, HEIGHT = 64, 48
MATRICES = {"bt709": 1, "unnamed": 2, "bt601": 6, "bt2020": 9}


def picture(matrix):
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    random = np.random.default_rng(0)
    for plane, most in zip(frame.planes, (235, 240, 240)):
        plane.update(random.integers(16, most, (plane.height, plane.line_size), dtype=np.uint8).tobytes())
    frame.colorspace, frame.pts, frame.time_base = matrix, 0, Fraction(1, 25)
    return frame


def luma(frame):
    plane = frame.planes[0]
    return np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[:HEIGHT, :WIDTH].astype(int)


def moved(matrix, options=""):
    frame = picture(matrix)
    graph = av.filter.Graph()
    source = graph.add_buffer(width=WIDTH, height=HEIGHT, format=frame.format, time_base=frame.time_base)
    scale, sink = graph.add("scale", f"{WIDTH}:{HEIGHT}{options}"), graph.add("buffersink")
    source.link_to(scale)
    scale.link_to(sink)
    graph.configure()
    graph.push(frame)
    out = graph.pull()
    return int(np.abs(luma(out) - luma(frame)).max()), int(out.colorspace)


print("av", av.__version__)
found = {name: moved(matrix) for name, matrix in MATRICES.items()}
for name, (most, out) in found.items():
    print(f"{name}: luma moves by up to {most}, comes out with matrix {out}")
named, _ = moved(1, ":in_color_matrix=bt709:out_color_matrix=bt709")
print("bt709, both matrices named: luma moves by up to", named)
assert {out for _, out in found.values()} == {2}, "the matrix comes out as it went in by now"
assert found["bt709"][0] > 50 and found["bt2020"][0] > 50, "luma stays by now"
assert found["bt601"][0] == found["unnamed"][0] == named == 0
PYTHON
