"""Subtitles in scripts that the recogniser knows and in those that it does not: all of them are seen, and are text.

They are drawn as players draw them, by libass, in Noto's fonts from two packages on PyPI, and encoded.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from tests.segment.footage import packaged
from video_assets.measure.text_reader import OpenTextReader, TextReader
from video_assets.measure.types import Crop, Picture
from video_assets.scorers.text import SMALL_DETECTOR, SMALL_RECOGNISER
from video_assets.settings import ModelSettings

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
# Name: font, "nobody knew where he went", "no".
SCRIPTS = {
    "Korean": ("Noto Sans CJK KR", "그가 어디로 갔는지 아무도 몰랐다", "아니요"),
    "Arabic": ("Noto Sans Arabic", "لم يكن أحد يعرف إلى أين ذهب", "كلا"),
    "Hebrew": ("Noto Sans Hebrew", "אף אחד לא ידע לאן הוא הלך", "לא"),
    "Thai": ("Noto Sans Thai", "ไม่มีใครรู้ว่าเขาไปที่ไหน", "ไม่ใช่"),
    "Tamil": ("Noto Sans Tamil", "அவர் எங்கே போனார் என்று யாருக்கும் தெரியாது", "இல்லை"),
    "Bengali": ("Noto Sans Bengali", "সে কোথায় গেছে কেউ জানত না", "না"),
    "Hindi": ("Noto Sans Devanagari", "किसी को नहीं पता था कि वह कहाँ गया", "नहीं"),
    "Japanese": ("Noto Sans CJK JP", "彼がどこへ行ったのか誰も知らなかった", "いいえ"),
}
FRAMES_EACH = 12  # of a moving picture at 25 frames/s, 4 of which are read
CROP = Crop(0, 0, 640, 360)


@pytest.fixture(scope="module")
def reader() -> OpenTextReader:
    settings = ModelSettings()
    return TextReader(SMALL_DETECTOR.weights(settings), SMALL_RECOGNISER.weights(settings), detector_side=640).open()


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of the packages' fonts: libass looks into one."""
    folder = tmp_path_factory.mktemp("fonts")
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            pytest.fail(
                f"{package.replace('_', '-')} is not installed; run: pip install -c constraints.txt -e '.[dev]'"
            )
        for font in Path(spec.origin).parent.glob("NotoSans*.tt[fc]"):
            shutil.copy2(font, folder)
    return folder


def subtitled(folder: Path, fonts: Path, lines: Sequence[tuple[str, str]]) -> list[list[Picture]]:
    """Four pictures of each line (font and text) on a moving picture of 640x360."""
    at = [f"00:00:{n * FRAMES_EACH / 25:06.3f}".replace(".", ",") for n in range(len(lines) + 1)]
    texts = [
        f'{n + 1}\n{at[n]} --> {at[n + 1]}\n<font face="{font}">{text}</font>\n' for n, (font, text) in enumerate(lines)
    ]
    (folder / "lines.srt").write_text("\n".join(texts), encoding="utf-8")
    (folder / "fonts").symlink_to(fonts)
    drawn = "scale=640:360,setsar=1,fps=25,subtitles=lines.srt:fontsdir=fonts"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "warning",
        "-stream_loop",
        "-1",
        "-i",
        str(packaged("bigbuckbunny.mp4")),
    ]
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", "-threads", "1"]
    frames = ["-frames:v", str(FRAMES_EACH * len(lines)), "lines.mp4"]
    made = subprocess.run(
        [*command, "-vf", drawn, *encode, *frames], cwd=folder, check=True, capture_output=True, text=True
    )
    # It would draw a box for a character that no font has, which is no text in any script.
    assert "lyph" not in made.stderr
    with av.open(str(folder / "lines.mp4")) as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return [[pictures[n * FRAMES_EACH + k] for k in (2, 5, 7, 10)] for n in range(len(lines))]


def test_a_line_of_subtitles_is_text_in_every_script(reader: OpenTextReader, fonts: Path, tmp_path: Path) -> None:
    lines = [(font, line) for font, line, _ in SCRIPTS.values()]
    for script, pictures in zip(SCRIPTS, subtitled(tmp_path, fonts, lines), strict=True):
        read = reader.read(pictures[0])
        assert read.share > 0.01, script
        assert all(0.85 < place.top < place.bottom <= 1 for place in read.seen), script
        row = reader.measure(pictures, CROP)
        top, height = row["subtitle_y"], row["subtitle_height"]
        assert isinstance(top, int), script
        assert isinstance(height, int), script
        assert top > 0.85 * 360, script
        assert top + height <= 360, script


def test_a_word_of_subtitles_is_text_in_every_script(reader: OpenTextReader, fonts: Path, tmp_path: Path) -> None:
    """It is hardly wider than high, and what the recogniser reads into it is not always to be believed."""
    lines = [(font, word) for font, _, word in SCRIPTS.values()]
    for script, pictures in zip(SCRIPTS, subtitled(tmp_path, fonts, lines), strict=True):
        row = reader.measure(pictures, CROP)
        assert isinstance(row["text_share"], float), script
        assert 0.001 < row["text_share"] < 0.02, script
        assert isinstance(row["subtitle_y"], int), script
        assert row["subtitle_y"] > 0.85 * 360, script


def test_the_same_moving_picture_without_subtitles_has_no_text(
    reader: OpenTextReader, fonts: Path, tmp_path: Path
) -> None:
    for pictures in subtitled(tmp_path, fonts, [("Noto Sans", " ")] * 4):
        row = reader.measure(pictures, CROP)
        assert (row["text_boxes"], row["text_share_max"]) == (0, 0.0)
