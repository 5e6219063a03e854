"""The rights statements beside the files of some listings, each read once.

A manifest that is no table stops no footage: it counts as unsaid. A sidecar that cannot be parsed leaves its video's rights
unknown. A statement that cannot be *read* may say anything, so the files that it is about are not taken in with other rights
meanwhile: they wait until it can be read.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from video_assets.footage.folders import holds
from video_assets.footage.listing import FoundFile, Listing, stands_for
from video_assets.lake.faults import patiently
from video_assets.lake.s3 import split_uri
from video_assets.rights.fields import Rights
from video_assets.rights.statements import Manifest, read_manifest, read_sidecar, rights_for

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake
    from video_assets.settings import RightsSettings


class UnreadError(Exception):
    """A statement could not be read; the text is a sentence for a person."""


class Statements:
    """Rights by file.

    Attributes:
        problems: Sentences on statements, or parts of them, that say nothing.
        unread: Sentences on statements that could not be read.
    """

    def __init__(self, lake: Lake, listings: Iterable[Listing]) -> None:
        self._lake = lake
        self.problems: list[str] = []
        self.unread: list[str] = []
        self._manifests: dict[str, Manifest | UnreadError] = {}
        self._rights: dict[str, Rights | UnreadError] = {}
        self._about: dict[str, list[str]] = {}
        for listing in listings:
            for file in listing.files:
                for manifest in file.manifests:
                    self._about.setdefault(manifest, []).append(file.uri)

    def of(self, file: FoundFile) -> Rights:
        """A file's rights.

        Raises:
            UnreadError: its sidecar could not be read, or a manifest that may name it.
        """
        if file.uri not in self._rights:
            self._rights[file.uri] = self._read(file)
        rights = self._rights[file.uri]
        if isinstance(rights, UnreadError):
            raise rights
        return rights

    def _read(self, file: FoundFile) -> Rights | UnreadError:
        nearest: Manifest | None = None
        relative = file.relative
        for uri in file.manifests:
            manifest = self._manifest(uri)
            if isinstance(manifest, UnreadError):
                return manifest
            if manifest.of(_relative(file.uri, uri)):
                nearest, relative = manifest, _relative(file.uri, uri)
                break
        try:
            sidecar = read_sidecar(self._bytes(file.sidecar), file.sidecar) if file.sidecar else None
        except UnreadError as error:
            self.unread.append(str(error))
            return error
        rights = rights_for(relative, sidecar, nearest, self._default(file))
        self.problems += [rights.problem] if rights.problem else []
        return rights

    def _default(self, file: FoundFile) -> RightsSettings:
        """What holds for a file by the settings: of a folder that is looked at by its path alone, as if it came by the sensor."""
        watched = self._lake.settings.footage.watch
        if file.folder in watched:
            return file.folder.rights
        return next((folder for folder in watched if holds(folder, file.uri)), file.folder).rights

    def _manifest(self, uri: str) -> Manifest | UnreadError:
        if uri not in self._manifests:
            self._manifests[uri] = self._parsed(uri)
        return self._manifests[uri]

    def _parsed(self, uri: str) -> Manifest | UnreadError:
        try:
            manifest = read_manifest(self._bytes(uri), uri)
        except UnreadError as error:
            self.unread.append(str(error))
            return error
        self.problems += [manifest.problem] if manifest.problem else []
        about = self._about[uri]
        if manifest.statements and not any(manifest.of(_relative(file, uri)) for file in about):
            self.problems.append(
                f"The manifest {uri} names none of the {len(about):,} videos beside and below it; its rights are not used."
            )
        return manifest

    def _bytes(self, uri: str) -> bytes:
        try:
            if uri.startswith("s3://"):
                bucket, key = split_uri(uri)
                data = patiently()(self._object, bucket, key)
            else:
                data = Path(uri).read_bytes()
        except (
            Exception
        ) as error:  # a disk's, boto3's and the network's own errors: each is told and none is a statement
            said = (
                error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
            )
            raise UnreadError(f"The rights statement {uri} could not be read ({said}).") from error
        if what := stands_for(data[:64]):
            raise UnreadError(f"The rights statement {uri} could not be read (it is {what}).")
        return data

    def _object(self, bucket: str, key: str) -> bytes:
        """An object's bytes, all of them.

        Raises:
            OSError: the answer was cut: within its headers it has no length, and counts as whole for HTTP clients.
        """
        answer = self._lake.access.client.get_object(Bucket=bucket, Key=key)
        data = bytes(answer["Body"].read())
        if len(data) != answer.get("ContentLength"):
            raise OSError(errno.EIO, f"it came broken off, with {len(data):,} bytes")
        return data


def _relative(file: str, manifest: str) -> str:
    """A file's path inside the folder of a manifest that lies above it."""
    return file[len(manifest.rpartition("/")[0]) + 1 :]
