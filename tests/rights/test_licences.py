from __future__ import annotations

import pytest

from video_assets.rights.licences import spdx


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
    ],
)
def test_common_spellings_become_spdx_identifiers(spelling: str, identifier: str) -> None:
    assert spdx(spelling) == identifier
    assert spdx(identifier) == identifier


@pytest.mark.parametrize(
    "text", ["CC BY", "CC BY 3.0 US", "Acme contract 17", "Standard YouTube License", "CC-BY-3.0 AND BSD-3-Clause"]
)
def test_what_is_not_surely_a_known_licence_stays_as_it_was_stated(text: str) -> None:
    assert spdx(f"  {text} ") == text
