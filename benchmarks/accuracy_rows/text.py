"""Text, where there is none and in eleven scripts.

Without text: slow moves over photographs and films. With text: what libass draws, in Noto's fonts, on a moving picture: a line of
subtitles, a title, a word in a corner, a column of Chinese, Japanese or Korean, and a ticker. Four pictures of each are read. The
reference is the share that rapidocr covers by the boxes that it reads with its own least score of 0.5.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
from packaged_footage import packaged
from packaged_pictures import FILMS, HEIGHT, NATURE, OTHER_PHOTOGRAPHS, WIDTH, film, photograph, slow_move

from accuracy_rows import Row
from video_assets.measure.scene_text import with_scene_text
from video_assets.measure.text import ReadPicture, text_scores
from video_assets.measure.text_reader import OpenTextReader, TextReader
from video_assets.measure.types import Crop, Picture
from video_assets.scorers.text import SMALL_DETECTOR, SMALL_RECOGNISER
from video_assets.settings import ModelSettings

CROP = Crop(0, 0, WIDTH, HEIGHT)
FRAMES = 12
SANS = "Noto Sans"
LINES = {
    "Latin": (SANS, "nobody knew where he went"),
    "Cyrillic": (SANS, "никто не знал, куда он ушёл"),
    "Chinese": (f"{SANS} CJK SC", "没有人知道他去了哪里"),
    "Japanese": (f"{SANS} CJK JP", "彼がどこへ行ったのか誰も知らなかった"),
    "Korean": (f"{SANS} CJK KR", "그가 어디로 갔는지 아무도 몰랐다"),
    "Arabic": (f"{SANS} Arabic", "لم يكن أحد يعرف إلى أين ذهب"),
    "Devanagari": (f"{SANS} Devanagari", "किसी को नहीं पता था कि वह कहाँ गया"),
    "Hebrew": (f"{SANS} Hebrew", "אף אחד לא ידע לאן הוא הלך"),
    "Thai": (f"{SANS} Thai", "ไม่มีใครรู้ว่าเขาไปที่ไหน"),
    "Tamil": (f"{SANS} Tamil", "யாருக்கும் தெரியாது"),
    "Bengali": (f"{SANS} Bengali", "সে কোথায় গেছে কেউ জানত না"),
}
# Their override tags in ASS, on a stage of 640x360.
STYLES = {
    "subtitles": r"{\an2\fs20}",
    "title": r"{\an8\fs34}",
    "in a corner": r"{\an9\fs18}",
    "ticker": r"{\fs20\move(500,300,60,300)}",
}
COLUMN = ("Chinese", "Japanese", "Korean")


def rows() -> Iterator[Row]:
    settings = ModelSettings()
    reader = TextReader(SMALL_DETECTOR.weights(settings), SMALL_RECOGNISER.weights(settings), 640).open()
    clean = {f"{name} {seed}": slow_move(photograph(name), seed, 4) for name in NATURE for seed in (0, 1)}
    clean |= {name: slow_move(photograph(name), 0, 4) for name in OTHER_PHOTOGRAPHS} | {
        name: film(name, 4) for name in FILMS
    }
    read = {name: [reader.read(p) for p in pictures] for name, pictures in clean.items()}
    scores = {name: text_scores(found, CROP) for name, found in read.items()}
    false = [name for name, row in scores.items() if row["text_share"] > 0.05]  # type: ignore[operator]
    theirs = sum(_by_rapidocr(found) <= 0.05 for found in read.values())
    said = ", ".join(false)
    yield Row(
        "text share of at most .05 without text",
        len(clean) - len(false),
        len(clean),
        said,
        f"rapidocr {theirs}",
        "99 of 100",
    )
    loud = [name for name, row in scores.items() if row["text_score"] >= 0.6]  # type: ignore[operator]
    yield Row("text score under .6 without text", len(clean) - len(loud), len(clean), ", ".join(loud))
    yield from _with_text(reader)
    yield from _of_the_scene(reader)


def _by_rapidocr(read: Sequence[ReadPicture]) -> float:
    return sum(sum(b.area for b in p.boxes if b.recognition >= 0.5) for p in read) / len(read)


def _with_text(reader: OpenTextReader) -> Iterator[Row]:
    cases = [
        (style, script, f"{tags}{{\\fn{LINES[script][0]}}}{LINES[script][1]}")
        for style, tags in STYLES.items()
        for script in LINES
    ]
    for script in COLUMN:
        font, line = LINES[script]
        column = r"\N".join(line.replace(" ", "")[:8])
        cases.append(("column", script, rf"{{\an6\fs24\fn{font}}}{column}"))
    drawn = _drawn([text for _, _, text in cases])
    scores = [reader.measure(pictures, CROP) for pictures in drawn]
    for style in (*STYLES, "column"):
        chosen = [(script, row) for (s, script, _), row in zip(cases, scores, strict=True) if s == style]
        missed = [script for script, row in chosen if not row["text_boxes"]]
        bands = sum("subtitle_y" in row for _, row in chosen)
        note = f"{bands} with a band of subtitles" + (f"; not {', '.join(missed)}" if missed else "")
        yield Row(f"text: {style}", len(chosen) - len(missed), len(chosen), note, "", "found")


def _of_the_scene(reader: OpenTextReader) -> Iterator[Row]:
    signs, logos = 0, 0
    names = NATURE[:8]
    for seed, name in enumerate(names):
        place = (150, 230)
        sign = cv2.resize(photograph(name), (1280, 720), interpolation=cv2.INTER_AREA)
        scene = sign.copy()
        cv2.rectangle(scene, (520, 300), (800, 380), (30, 60, 170), -1)
        cv2.putText(scene, "BAKERY", (540, 358), cv2.FONT_HERSHEY_DUPLEX, 2, (240, 240, 240), 4, cv2.LINE_AA)
        row = _measured(reader, slow_move(scene, seed, 4))
        signs += row["text_boxes"] != 0 and row["overlaid_text_boxes"] == 0
        moving = slow_move(sign, seed, 4)
        for picture in moving:
            cv2.putText(picture, "CHANNEL 7", place, cv2.FONT_HERSHEY_DUPLEX, 1, (240, 240, 240), 2, cv2.LINE_AA)
        logos += _measured(reader, moving)["overlaid_text_boxes"] != 0
    yield Row("a sign under a moving camera, told as the scene's", signs, len(names))
    yield Row("a line that lies on the same pictures, told as overlaid", logos, len(names))


def _measured(reader: OpenTextReader, pictures: list[Picture]) -> dict[str, object]:
    return text_scores(with_scene_text(pictures, [reader.read(p) for p in pictures]), CROP)


def _drawn(texts: Sequence[str]) -> list[list[Picture]]:
    """Four pictures of each text, an event of ASS with its tags, on a moving picture of 640x360."""

    def at(n: int) -> str:
        seconds = n * FRAMES / 25
        return f"0:{int(seconds // 60):02}:{seconds % 60:05.2f}"

    head = f"[Script Info]\nPlayResX: {WIDTH}\nPlayResY: {HEIGHT}\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, "
    head += f"OutlineColour, Outline, Alignment, MarginL, MarginR, MarginV\nStyle: Default,{SANS},20,&HFFFFFF,&H000000,1,2,16,16,14\n"
    head += "[Events]\nFormat: Start, End, Style, Text\n"
    events = [f"Dialogue: {at(n)},{at(n + 1)},Default,{text}\n" for n, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "fonts").mkdir()
        for package in ("manimgx_fonts", "manimgx_fonts_cjk"):
            spec = find_spec(package)
            if spec is None or spec.origin is None:
                raise SystemExit(f"{package} is not installed; run: pip install 'video_assets[dev]'")
            for font in Path(spec.origin).parent.glob("NotoSans*.tt[fc]"):
                (work / "fonts" / font.name).symlink_to(font)
        (work / "lines.ass").write_text(head + "".join(events), encoding="utf-8")
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-stream_loop",
            "-1",
            "-i",
            str(packaged("bigbuckbunny.mp4")),
        ]
        command += [
            "-vf",
            f"scale={WIDTH}:{HEIGHT},setsar=1,fps=25,setpts=N/25/TB,ass=lines.ass:fontsdir=fonts",
            "-threads",
            "1",
        ]
        command += [
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "26",
            "-frames:v",
            str(FRAMES * len(texts)),
            "lines.mp4",
        ]
        subprocess.run(command, cwd=work, check=True)
        with av.open(str(work / "lines.mp4")) as container:
            pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return [[pictures[n * FRAMES + k] for k in (2, 5, 7, 10)] for n in range(len(texts))]
