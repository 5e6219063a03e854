"""ONNX models made of weights that lie there in another form: the layers, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Those of onnxruntime 1.20, the oldest that is allowed.
_OPSET, _IR_VERSION = 21, 10


class Graph:
    """A network in the making; every operator gives the name under which the next one reads what comes out of it."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        """Sizes or axes, as operators take them."""
        return self.constant(np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """An operator with one output; see https://onnx.ai/onnx/operators."""
        return self.split(operator, *inputs, outputs=1, **attributes)[0]

    def split(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """An operator with several outputs."""
        names = [f"{operator}_{len(self._nodes)}_{number}" for number in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def model(self, inputs: Mapping[str, tuple[type[np.generic], tuple[str | int, ...]]], outputs: list[str]) -> bytes:
        """The network in ONNX's form.

        Args:
            inputs: dtype and shape of each; a dimension that has a name is of any length.
            outputs: names of what comes out, all of them float32.
        """
        given = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
            for name, (dtype, shape) in inputs.items()
        ]
        wanted = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self._nodes, "network", given, wanted, self._constants)
        # The second set is ONNX Runtime's own operators, which say so by their domain.
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())
