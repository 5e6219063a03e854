"""Licences under one spelling: expressions of SPDX (spdx.org/licenses; its specification, annex "SPDX license expressions").

What SPDX has no identifier for keeps a name of its own: ``LicenseRef-`` and letters, digits, dots and hyphens.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from license_expression import Licensing

# Spellings that are no expression, in lower case, with spaces for hyphens and underscores.
ALIASES = {
    # YouTube's only Creative Commons choice is CC BY 3.0 (support.google.com/youtube/answer/2797468).
    "creative commons attribution license (reuse allowed)": "CC-BY-3.0",
    "creative commons attribution licence (reuse allowed)": "CC-BY-3.0",
    "cc0": "CC0-1.0",
    "cc 0": "CC0-1.0",
    "creative commons zero": "CC0-1.0",
    "cc pdm 1.0": "CC-PDM-1.0",
    "public domain mark 1.0": "CC-PDM-1.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "mit license": "MIT",
    "3 clause bsd": "BSD-3-Clause",
    "pddl": "PDDL-1.0",
    # Of stock sites, by the names that they give their own terms.
    "pexels": "LicenseRef-Pexels",
    "pexels license": "LicenseRef-Pexels",
    "pixabay": "LicenseRef-Pixabay",
    "pixabay license": "LicenseRef-Pixabay",
    "pixabay content license": "LicenseRef-Pixabay",
    "mixkit": "LicenseRef-Mixkit",
    "mixkit license": "LicenseRef-Mixkit",
    "mixkit stock video free license": "LicenseRef-Mixkit",
    "coverr": "LicenseRef-Coverr",
    "coverr license": "LicenseRef-Coverr",
    "videvo": "LicenseRef-Videvo",
    "videvo attribution license": "LicenseRef-Videvo-Attribution",
    "unsplash": "LicenseRef-Unsplash",
    "unsplash license": "LicenseRef-Unsplash",
}
_CC_URL = re.compile(
    r"creativecommons\.org/(?:licenses/(?P<terms>[a-z-]+)|publicdomain/(?P<tool>zero|mark))/(?P<version>\d\.\d)"
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
_TOOLS = {"zero": "CC0", "mark": "CC-PDM"}
_LICENSE_REF = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
# No expression is longer, and none has other characters: the parser raises many kinds of errors at what is none.
_EXPRESSION = re.compile(r"[A-Za-z0-9.+:() -]{1,500}")


@lru_cache(maxsize=1024)
def spdx(text: str) -> str:
    """Give the SPDX expression of a licence's common spelling, or the text as it stands.

    A Creative Commons licence without its version has no identifier: the versions differ in what they grant.
    """
    spelt = " ".join(text.casefold().replace("_", " ").split())
    if match := _CC_URL.search(spelt):
        return f"{_TOOLS[match['tool']] if match['tool'] else 'CC-' + match['terms'].upper()}-{match['version']}"
    if name := ALIASES.get(spelt) or ALIASES.get(spelt.replace("-", " ")):
        return name
    for word, short in _CC_WORDS.items():
        spelt = spelt.replace(word, short)
    if match := _CC_TEXT.fullmatch(" ".join(re.sub(r"[(),]", " ", spelt).split())):
        terms = match["terms"].replace(" ", "-").upper()
        return "CC0-1.0" if terms in ("0", "ZERO") else f"CC-{terms}-{match['version']}"
    text = " ".join(text.split())
    return _expression(text) or _expression(text.replace(" ", "-")) or text


def _expression(text: str) -> str | None:
    """The text as an SPDX expression in its proper case, if it is one of known identifiers and ``LicenseRef-`` names."""
    if not _EXPRESSION.fullmatch(text):
        return None
    known = _known()
    try:
        parsed = known.parse(text)
    except Exception:  # its own errors, and AttributeError and the like of its parser at what is no expression
        return None
    unknown = known.unknown_license_keys(parsed)
    return str(parsed) if all(_LICENSE_REF.fullmatch(key) for key in unknown) else None


@cache
def _known() -> Licensing:
    """SPDX's identifiers, of the list that comes with the package: no network is asked."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
