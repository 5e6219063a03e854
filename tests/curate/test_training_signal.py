"""What is said of training on a clip's source, of all that may say something."""

from __future__ import annotations

from typing import Any

import pytest

from tests.curate.conftest import Lake

READ = {"state": "read", "kind": "cawg", "validation_state": "Valid"}
REFUSES = READ | {"key": "cawg.ai_generative_training", "value": "notAllowed"}
PERMITS = REFUSES | {"value": "allowed"}
OTHER = READ | {"key": "cawg.ai_inference", "value": "notAllowed"}
NONE, UNSUPPORTED, UNREADABLE = {"state": "none"}, {"state": "unsupported"}, {"state": "unreadable"}


@pytest.mark.parametrize(
    ("signals", "rights", "expected"),
    [
        ([NONE], {}, "none"),
        ([OTHER], {}, "none"),
        ([REFUSES], {}, "not_allowed"),
        ([REFUSES | {"validation_state": "Invalid"}], {}, "not_allowed"),
        ([PERMITS, REFUSES | {"key": "c2pa.data_mining", "value": "constrained"}], {}, "not_allowed"),
        ([PERMITS, REFUSES | {"from_ingredient": "componentOf"}], {}, "not_allowed"),
        ([PERMITS | {"value": "allowed   ", "validation_state": "Invalid"}], {}, "not_allowed"),
        ([READ | {"key": "cawg.training-mining", "value": '"nonsense"'}], {}, "not_allowed"),
        ([PERMITS], {}, "allowed"),
        ([PERMITS | {"validation_state": "Trusted", "from_ingredient": "parentOf"}], {}, "allowed"),
        ([PERMITS | {"validation_state": "Invalid"}], {}, "unreadable"),
        ([PERMITS | {"from_ingredient": "componentOf"}], {}, "none"),
        ([PERMITS | {"key": "cawg.data_mining"}], {}, "none"),
        ([UNREADABLE], {}, "unreadable"),
        ([{"state": "remote"}], {}, "unreadable"),
        ([UNSUPPORTED], {}, "unsupported"),
        ([UNSUPPORTED], {"aipref_train_ai": "y"}, "unsupported"),
        ([PERMITS], {"tdm_reservation": "1"}, "not_allowed"),
        ([NONE], {"tdm_reservation": "0", "aipref_train_ai": "y"}, "none"),
        ([UNREADABLE], {"aipref_train_ai": "n"}, "not_allowed"),
        ([PERMITS], {"aipref_train_ai": "unreadable"}, "unreadable"),
        # Nobody looked: at the file, or at the statements of a lake that is older than their columns.
        ([], {}, None),
        ([{"state": "not_available"}], {}, None),
        ([{"reason": "source_missing"}], {}, None),
        ([NONE], {"tdm_reservation": None}, None),
        ([NONE], {"aipref_train_ai": None}, None),
        ([], {"tdm_reservation": "1"}, "not_allowed"),
    ],
)
def test_a_training_signal_is_the_strictest_thing_said(
    lake: Lake, signals: list[dict[str, Any]], rights: dict[str, Any], expected: str | None
) -> None:
    lake.clip("it", rights_signals=None, raw_videos=rights)
    for n, signal in enumerate(signals):
        lake.row("rights_signals", {"batch": "a", "video_id": "video of it", "n": n} | signal)
    assert lake.query("SELECT training_signal FROM clip_sheet") == [(expected,)]
