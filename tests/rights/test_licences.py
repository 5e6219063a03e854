from __future__ import annotations

import pytest

from video_assets.rights.licences import ALIASES, spdx


@pytest.mark.parametrize(
    ("spelling", "identifier"),
    [
        ("CC BY 3.0", "CC-BY-3.0"),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("CC BY-NC-ND 4.0", "CC-BY-NC-ND-4.0"),
        ("CC BY-SA 4.0 (International)", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported", "CC-BY-NC-SA-3.0"),
        ("https://creativecommons.org/licenses/by/3.0/", "CC-BY-3.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("CC0", "CC0-1.0"),
        ("CC0 1.0", "CC0-1.0"),
        ("Creative Commons Attribution license (reuse allowed)", "CC-BY-3.0"),
        ("bsd-3-clause", "BSD-3-Clause"),
        ("Apache License 2.0", "Apache-2.0"),
        ("BSD 3 Clause", "BSD-3-Clause"),
        ("mit", "MIT"),
        ("CC BY 3.0 US", "CC-BY-3.0-US"),
        ("https://creativecommons.org/publicdomain/mark/1.0/deed.en", "CC-PDM-1.0"),
        ("GPL-2.0", "GPL-2.0-only"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT AND cc-by-4.0)", "MIT AND CC-BY-4.0"),
        ("Pexels License", "LicenseRef-Pexels"),
        ("LicenseRef-Acme-17", "LicenseRef-Acme-17"),
        ("cc-by-4.0 OR LicenseRef-Acme-17", "CC-BY-4.0 OR LicenseRef-Acme-17"),
        ("DocumentRef-a:LicenseRef-b", "DocumentRef-a:LicenseRef-b"),
    ],
)
def test_common_spellings_become_spdx_identifiers(spelling: str, identifier: str) -> None:
    assert spdx(spelling) == identifier
    assert spdx(identifier) == identifier


@pytest.mark.parametrize(
    "text",
    [
        "CC BY",
        "Acme contract 17",
        "Standard YouTube License",
        "CC-BY-3.0 AND BSD-3-Clause",
        "public domain",
        "All rights reserved",
        "BSD",
        "and",
        "MIT AND",
        "((",
        "https://example.org/licence",
        "licenseref-acme",
        "LicenseRef-Acme_17",
        "MIT AND Acme",
        "(" * 600 + "MIT",
        "unknown",
        "",
    ],
)
def test_what_is_not_surely_a_known_licence_stays_as_it_was_stated(text: str) -> None:
    assert spdx(f"  {text} ") == text


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_leads_to_an_expression_whatever_its_case(alias: str) -> None:
    assert spdx(alias.upper()) == spdx(ALIASES[alias]) == ALIASES[alias]
    assert ALIASES[alias] != alias
