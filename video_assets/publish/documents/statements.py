"""What only people know of a release: one small TOML file, every field of which may be left out."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MISSING = "MISSING: nobody has stated this."


class Statements(BaseModel):
    """What the documents ask and no lineage can answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str | None = Field(None, description="The data set's title.")
    description: str | None = Field(None, description="What it is, in a sentence or two.")
    url: str | None = Field(None, description="Where it is described or can be had.")
    citation: str | None = Field(None, description="How to cite it.")
    creator: str | None = Field(None, description="Who made it: a person or an organisation.")
    provider: str | None = Field(None, description="Provider of the model, with legal name.")
    provider_contact: str | None = Field(None, description="How to reach the provider.")
    representative: str | None = Field(
        None, description="Authorised representative in the Union, of a provider outside it."
    )
    models: str | None = Field(None, description="Versioned names of the models that are trained on it.")
    model_dependencies: str | None = Field(None, description="Models that these are made from.")
    placed_on_market: str | None = Field(None, description="When the model is placed on the Union market, a date.")
    purpose: str | None = Field(None, description="What it is for, and how it furthers the system's intended purpose.")
    first_used: str | None = Field(None, description="When it was first used in development, a date.")
    licence: str | None = Field(None, description="Licence of the collection itself, which may differ from its clips'.")
    public_datasets: str | None = Field(None, description="Public data sets among the sources, with links and periods.")
    licensed_from: str | None = Field(None, description="Rights holders with whom there are licence agreements.")
    third_parties: str | None = Field(None, description="Other third parties that data were obtained from.")
    crawlers: str | None = Field(
        None, description="Crawlers: names, purposes, period, and whether they heeded robots.txt."
    )
    user_data: str | None = Field(None, description="Services from whose users data come.")
    synthetic_data: str | None = Field(None, description="Models that made synthetic data, and why it was needed.")
    opt_out_measures: str | None = Field(None, description="How reservations of rights were looked for and heeded.")
    code_of_practice: bool | None = Field(
        None, description="Whether the provider has signed the GPAI Code of Practice."
    )
    illegal_content: str | None = Field(None, description="Measures against illegal content.")
    personal_information: str | None = Field(
        None, description="Personal information in it (Cal. Civ. Code 1798.140(v))."
    )
    consumer_information: str | None = Field(
        None, description="Aggregate consumer information in it (Cal. Civ. Code 1798.140(b))."
    )
    intellectual_property: str | None = Field(
        None, description="Copyrights, trademarks and patents beside the licences."
    )
    collection_goes_on: bool | None = Field(None, description="Whether more is still collected.")
    languages: str | None = Field(None, description="Languages heard or written in the footage.")
    countries: str | None = Field(None, description="Where the footage is from.")
    uses: str | None = Field(None, description="What it should and should not be used for.")
    biases: str | None = Field(None, description="Biases and limits that are known.")
    ethics: str | None = Field(None, description="Whether and how an ethical review was made.")
    maintenance: str | None = Field(None, description="Who keeps it, and how errors and takedowns are reported.")
    distribution: str | None = Field(None, description="How and to whom it is given.")

    def said(self, name: str) -> str:
        """A statement as text, or that it is missing."""
        value = getattr(self, name)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value) if value else MISSING


def read_statements(path: Path | None) -> Statements:
    """Read the file; without one nothing is stated.

    Raises:
        ValueError: it cannot be read, or has a field that there is not.
    """
    if path is None:
        return Statements()
    try:
        return Statements.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"The statements {path} cannot be read: {error}.") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ValueError(
            f"The statements {path} are not understood: {wrong}. 'documents --template' prints all fields."
        ) from error


def template() -> str:
    """A file with every field, each with what it means, none stated."""
    lines: list[str] = []
    for name, field in Statements.model_fields.items():
        usual = "true" if "bool" in str(field.annotation) else '""'
        lines += [f"# {field.description}", f"# {name} = {usual}", ""]
    return "\n".join(lines)
