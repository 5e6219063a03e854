"""Lines that hash the same everywhere."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.publish.canonical import hash_of, line

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_a_line_has_sorted_keys_and_nothing_that_need_not_be_there() -> None:
    assert line({"b": [1, None, True], "a": "é\n"}) == '{"a":"é\\n","b":[1,null,true]}'.encode()


@pytest.mark.parametrize("value", [1.0, float("nan"), [0.5], {"a": {"b": 2.5}}])
def test_a_float_is_refused_wherever_it_stands(value: object) -> None:
    with pytest.raises(ValueError, match="is a float"):
        line({"x": value})


def test_a_number_that_readers_of_json_round_is_refused() -> None:
    assert line({"x": 2**53 - 1}) == b'{"x":9007199254740991}'
    with pytest.raises(ValueError, match="beyond what every reader of JSON reads alike"):
        line({"x": 2**53})


@given(st.dictionaries(st.text(), PLAIN))
def test_a_line_reads_back_as_what_it_was_made_of_in_whatever_order(values: dict[str, object]) -> None:
    assert json.loads(line(values)) == values
    assert line(dict(reversed(values.items()))) == line(values)


def test_the_hash_is_that_of_the_lines_as_a_file_has_them() -> None:
    assert hash_of([b"one", b"two"]) == hashlib.sha256(b"one\ntwo\n").hexdigest()
