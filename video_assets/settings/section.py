"""What every section of the settings is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A frozen group of settings; a name that it does not know is an error.

    Attributes:
        renamed: names that older settings have, and what they are called now; what they mean may have changed too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    renamed: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _not_renamed(cls, given: Any) -> Any:
        for name in cls.renamed if isinstance(given, Mapping) else ():
            if name in given:
                raise ValueError(
                    f"There is no setting {name} any more: it is {cls.renamed[name]} now. See its description, then rename it."
                )
        return given
