"""Where a local vision-language model is, and which one it is: nothing is downloaded."""

from __future__ import annotations

import hashlib
import json
import shlex
from importlib.util import find_spec
from pathlib import Path

from video_assets.measure.models import ModelNotReadyError, sha256_of

# What a model's text depends on; safetensors are preferred where there are both.
_WEIGHTS = (".safetensors", ".bin")
_BESIDE = (".json", ".jinja", ".txt", ".model")
_INDEX = "model.safetensors.index.json"


def folder_of(model: str) -> Path:
    """The folder with a model's files.

    Args:
        model: a folder's path, or the name on the Hugging Face hub of one that a person fetched before.

    Raises:
        ModelNotReadyError: it is not on this machine or not complete, with the command that fetches it.
    """
    if find_spec("transformers") is None:
        raise ModelNotReadyError("A local captioner needs transformers; run: pip install 'video_assets[full]'")
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = _fetched(model)
    missing = _missing(folder)
    if missing:
        raise ModelNotReadyError(f"{folder} holds no complete model: {missing} is missing; run: {_command(model)}")
    return folder


def vouched_folder(model: str, sha256: str) -> Path:
    """The folder of a model for whose files somebody has vouched.

    Args:
        model: as for :func:`folder_of`.
        sha256: what :func:`weights_hash` is to say; empty: nobody has vouched yet.

    Raises:
        ModelNotReadyError: see :func:`folder_of`; or the files are others, or nobody has vouched for them.
    """
    folder = folder_of(model)
    found = weights_hash(folder)
    if not sha256:
        setting = f'Find out where it came from; to use it, set the captioner\'s weights_sha256 = "{found}".'
        raise ModelNotReadyError(f"Nobody has vouched for {folder}. {setting}")
    if found != sha256:
        again = f"If it was changed on purpose, set weights_sha256 to that; else fetch it again: {_command(model)}"
        raise ModelNotReadyError(f"{folder} holds another model than weights_sha256 says: {found}. {again}")
    return folder


def _fetched(name: str) -> Path:
    """The snapshot of a model of the hub in the cache of this machine."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError as error:
        message = f"{name} is neither a folder nor a name on the Hugging Face hub (owner/model); correct the setting."
        raise ModelNotReadyError(message) from error
    except LocalEntryNotFoundError as error:
        raise ModelNotReadyError(f"{name} is not on this machine; run: {_command(name)}") from error


def _command(model: str) -> str:
    """What fetches a model; into its folder when it is known by that."""
    path = Path(model).expanduser()
    if path.is_dir() or path.is_absolute():
        return f"hf download OWNER/MODEL --local-dir {shlex.quote(str(path))}"
    return f"hf download {shlex.quote(model)}"


def _missing(folder: Path) -> str | None:
    """The first file that a model cannot do without, and that is not there."""
    if not (folder / "config.json").is_file():
        return "config.json"
    if (folder / _INDEX).is_file():
        listed = json.loads((folder / _INDEX).read_text())["weight_map"].values()
        return next((name for name in sorted(set(listed)) if not (folder / name).is_file()), None)
    return None if any(f.suffix in _WEIGHTS for f in folder.iterdir()) else "model.safetensors"


def weights_hash(folder: Path) -> str:
    """SHA-256, 64 hex digits, over the names and contents of the weight files and of what stands beside them.

    The sizes of pictures, the chat template and the tokenizer decide on the text as the weights do. The same files in
    another folder have the same hash; the order is that of the names.
    """
    files = sorted(f for f in folder.iterdir() if f.is_file() and f.suffix in (*_WEIGHTS, *_BESIDE))
    listed = "".join(f"{f.name} {sha256_of(f)}\n" for f in files)
    return hashlib.sha256(listed.encode()).hexdigest()
