"""Two disclosures that laws ask for, as Markdown. Not legal advice: they are the evidence that a provider needs.

The EU's template for the public summary of training content (Art. 53(1)(d) AI Act, C(2025) 5235 of 24 July 2025), section by section; and
the twelve items of California's AB 2013 (Civil Code, section 3111(a)).
"""

from __future__ import annotations

import math

import polars as pl

from video_assets.publish.documents.facts import Facts
from video_assets.publish.documents.statements import MISSING, Statements
from video_assets.rights.fields import UNKNOWN

_SMALL, _LARGE = 10_000, 1_000_000
_TOP_SHARE = 0.1


def size_range(hours: float) -> str:
    """The template's range of video and audio."""
    return (
        "less than 10,000 hours"
        if hours < _SMALL
        else "10,000 to 1 million hours"
        if hours <= _LARGE
        else "more than 1 million hours"
    )


def top_domains(domains: pl.DataFrame) -> pl.DataFrame:
    """The template's list: of the domains that are known, the tenth with the most content, and at least one."""
    known = domains.filter(pl.col("domain") != UNKNOWN)
    return known.head(math.ceil(known.height * _TOP_SHARE))


def _used(facts: Facts, *ways: str) -> str:
    hours = facts.hours_of("acquired_how", *ways)
    return f"yes, {hours:.4g} h" if hours else "no, by what is stated of the footage"


def eu_summary(facts: Facts, said: Statements) -> str:
    """The public summary, with what is missing marked."""
    first, last = facts.acquired or (MISSING, MISSING)
    sound = (
        "not known"
        if facts.with_sound is None
        else f"{facts.with_sound:,} of {facts.sources:,} source videos have sound"
    )
    domains = top_domains(facts.by["domain"])
    listed = (
        "\n".join(f"  - {d}: {h:.4g} h" for d, h in domains.select("domain", "hours").iter_rows()) or f"  - {MISSING}"
    )
    refused = ", ".join(f"{rule}: {clips:,} clips" for rule, clips, _h in facts.refused.iter_rows()) or "nothing"
    unknown = facts.hours_of("acquired_how", UNKNOWN)
    return f"""# Public summary of training content: {said.title or facts.name}

After the template of the European Commission (C(2025) 5235). Release `{facts.row["release_id"]}`, last update {facts.made_on}.

## 1 General information
- 1.1 Provider: {said.said("provider")} Contact: {said.said("provider_contact")} Representative: {said.said("representative")}
- 1.2 Models: {said.said("models")} Dependencies: {said.said("model_dependencies")} On the Union market: {said.said("placed_on_market")}
- 1.3 Video: {size_range(facts.hours)} ({facts.hours:.4g} h, {facts.row["clips"]:,} clips). Audio: {sound}. Text: {facts.row["clips"] - facts.row["without_caption"]:,} captions.
- Latest date of acquisition: {last}. Collected without end: {said.said("collection_goes_on")}
- Linguistic characteristics: {said.said("languages")}

## 2 Data sources
- 2.1 Public data sets: {said.said("public_datasets")} Footage acquired as public: {_used(facts, "public")}.
- 2.2.1 Licensed: {_used(facts, "licensed")}. {said.said("licensed_from")}
- 2.2.2 From other third parties: {_used(facts, "third_party", "third-party")}. {said.said("third_parties")}
- 2.3 Crawled: {_used(facts, "crawled", "crawl", "scraped")}. {said.said("crawlers")} Period: {first} to {last}.
- Domains with the most content (the top tenth of {facts.by["domain"].height:,}):
{listed}
- 2.4 User data: {_used(facts, "user")}. {said.said("user_data")}
- 2.5 Synthetic: {_used(facts, "synthetic", "generated")}. {said.said("synthetic_data")} Captions by: {facts.captioners}.
- 2.6 Other: {f"{unknown:.4g} h of which nobody states how they were acquired" if unknown else "none"}.

## 3 Data processing
- 3.1 Reservation of rights: the policy {facts.row["policy"]} kept out: {refused}. {said.said("opt_out_measures")} Signatory of the Code of Practice: {said.said("code_of_practice")}
- 3.2 Illegal content: {said.said("illegal_content")}
- 3.3 Other: {facts.stages.height} rules of {facts.row["tier"]}, each in `texts/tier.sql` with its source.
"""


def ab_2013(facts: Facts, said: Statements) -> str:
    """The twelve items."""
    holders = facts.by["holder"]
    owners = ", ".join(str(h) for h in holders["holder"].to_list()[:50]) + (
        " and others" if holders.height > 50 else ""
    )
    licences = ", ".join(f"{v} ({c:,} clips)" for v, c in facts.by["licence"].select("licence", "clips").iter_rows())
    period = " to ".join(facts.acquired) if facts.acquired else MISSING
    people = (
        "not known"
        if facts.with_people is None
        else f"{facts.with_people:,} of {facts.row['clips']:,} clips show a face or a person"
    )
    items = [
        f"Sources or owners: {owners}.",
        f"How it furthers the intended purpose: {said.said('purpose')}",
        f"Data points: {facts.row['clips']:,} clips, {facts.hours:.4g} h.",
        f"Types of data points: video clips of {facts.lengths[0]:.3g} to {facts.lengths[1]:.3g} s, shorter side {facts.sizes[0]} to {facts.sizes[1]} px; "
        f"{facts.row['clips'] - facts.row['without_caption']:,} have a caption.",
        f"Copyright, trademark, patent: licences as stated: {licences}. {said.said('intellectual_property')}",
        f"Purchased or licensed: {_used(facts, 'licensed', 'purchased')}. {said.said('licensed_from')}",
        f"Personal information: {people}. {said.said('personal_information')}",
        f"Aggregate consumer information: {said.said('consumer_information')}",
        f"Cleaning and processing: kept by {facts.stages.height} rules of {facts.row['tier']} and the policy {facts.row['policy']}; cut, cropped and scaled by {facts.media_settings}.",
        f"Collected: {period}. Collection goes on: {said.said('collection_goes_on')}",
        f"First used: {said.said('first_used')}",
        f"Synthetic data: {_used(facts, 'synthetic', 'generated')}. Captions by: {', '.join(facts.by['captioner']['captioner'])}. {said.said('synthetic_data')}",
    ]  # fmt: skip
    listed = "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))
    return f"# Training data documentation (California AB 2013): {said.title or facts.name}\n\n{listed}\n"
