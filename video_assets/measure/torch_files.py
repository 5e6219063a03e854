"""Weights out of files that ``torch.save`` wrote, read without torch: names and arrays, and nothing that could run.

A file of weights is a pickle of names, shapes and strides beside the numbers' bytes: in a zip archive since torch 1.6, one after
the other before. Only the few classes of which such a pickle of tensors consists are let through.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
_OLD_MAGIC = 0x1950A86A20F9469CFC6C


class _Tensor(NamedTuple):
    """Which stretch of which storage a tensor is, in elements."""

    storage: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: NDArray[Any]) -> NDArray[Any]:
        strides = tuple(step * self.dtype.itemsize for step in self.strides)
        view = np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, strides, writeable=False)
        return np.ascontiguousarray(view).reshape(self.shape)


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a state dict by name, in the file's order, each with its shape and dtype.

    Raises:
        ValueError: the file holds something else than named tensors.
    """
    try:
        return _from_zip(path) if zipfile.is_zipfile(path) else _from_stream(path)
    except (pickle.UnpicklingError, KeyError, EOFError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} does not hold named tensors as torch.save writes them: {error}") from error


def _from_zip(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive:
        description = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
        folder = description.removesuffix("data.pkl")
        with archive.open(description) as file:
            state = _Unpickler(file).load()
        return _filled(state, lambda t: np.frombuffer(archive.read(f"{folder}data/{t.storage}"), t.dtype))


def _from_stream(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file:
        if _Unpickler(file).load() != _OLD_MAGIC:
            raise pickle.UnpicklingError("it does not begin as such a file does")
        for _ in ("protocol", "machine"):
            _Unpickler(file).load()
        state = _Unpickler(file).load()
        dtypes = {t.storage: t.dtype for t in state.values()}
        storages = {}
        for key in _Unpickler(file).load():
            count = int.from_bytes(file.read(8), "little")
            storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
        return _filled(state, lambda t: storages[t.storage])


def _filled(state: Mapping[str, _Tensor], numbers: Callable[[_Tensor], NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: tensor.of(numbers(tensor)) for name, tensor in state.items()}


def _rebuilt(storage: tuple[str, np.dtype[Any]], offset: int, shape: Any, strides: Any, *_gradients: object) -> _Tensor:
    return _Tensor(*storage, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    """Knows ordered dictionaries and tensors, and refuses every other class."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a tensor")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _, dtype, key, *_ = pid
        return str(key), dtype
