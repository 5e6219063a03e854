"""Licences under one spelling: SPDX identifiers (spdx.org/licenses) for the ones that footage commonly carries."""

from __future__ import annotations

import re

# YouTube's only Creative Commons choice is CC BY 3.0 (support.google.com/youtube/answer/2797468).
_NAMES = {
    "creative commons attribution license (reuse allowed)": "CC-BY-3.0",
    "creative commons attribution licence (reuse allowed)": "CC-BY-3.0",
    "cc0": "CC0-1.0",
    "cc 0": "CC0-1.0",
    "creative commons zero": "CC0-1.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "mit": "MIT",
    "mit license": "MIT",
    "bsd 3 clause": "BSD-3-Clause",
    "3 clause bsd": "BSD-3-Clause",
    "bsd 2 clause": "BSD-2-Clause",
    "pddl": "PDDL-1.0",
}
_CC_URL = re.compile(
    r"creativecommons\.org/(?:licenses/(?P<terms>[a-z-]+)|publicdomain/(?P<tool>zero))/(?P<version>\d\.\d)"
)
_CC_TEXT = re.compile(
    r"(?:cc|creative commons)[ -]*(?P<terms>by(?:[ -](?:nc|sa|nd))*|0|zero)(?:[ -]+v?(?P<version>\d\.\d))"
    r"(?: (?:international|unported|intl))?(?: (?:license|licence))?"
)
_CC_WORDS = {
    "attribution": "by",
    "noncommercial": "nc",
    "non-commercial": "nc",
    "sharealike": "sa",
    "share-alike": "sa",
    "noderivatives": "nd",
    "noderivs": "nd",
}


def spdx(text: str) -> str:
    """Give the SPDX identifier of a common licence's spelling, or the text as it stands.

    A Creative Commons licence without its version has no identifier: the versions differ in what they grant.
    """
    spelt = " ".join(text.casefold().replace("_", " ").split())
    if match := _CC_URL.search(spelt):
        return "CC0-1.0" if match["tool"] else f"CC-{match['terms'].upper()}-{match['version']}"
    if name := _NAMES.get(spelt) or _NAMES.get(spelt.replace("-", " ")):
        return name
    for word, short in _CC_WORDS.items():
        spelt = spelt.replace(word, short)
    if match := _CC_TEXT.fullmatch(" ".join(re.sub(r"[(),]", " ", spelt).split())):
        terms = match["terms"].replace(" ", "-").upper()
        return "CC0-1.0" if terms in ("0", "ZERO") else f"CC-{terms}-{match['version']}"
    return " ".join(text.split())
