"""A module of a scorer that cannot be used is refused with its file, its line and what to do, and the rest works on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import answer
from tests.place import Place
from tests.scorers.modules import HEAD, module, write
from video_assets.scorers import BUILT_IN, scorers
from video_assets.settings import Settings

GOOD = module("return {'mine': 1.0}")
COLUMN = "Column('mine', FLOAT, 'A number.')"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("import nothing_of_that_name\n", 1, "Importing it raised ModuleNotFoundError: No module named 'nothing_of_that_name'."),
        ("x = 1\n\nraise SystemExit(3)\n", 3, "Importing it raised SystemExit: 3."),
        ("def measure(:\n    pass\n", 1, "This is no Python: invalid syntax."),
        ("x = 1\n", 1, "The module has no Scorer."),
        (GOOD.replace("mine_scores", "text_scores"), 9, "There is a text_scores already: the project's own."),
        (GOOD.replace("mine_scores", "clips"), 9, "clips is a table of the lake."),
        (GOOD.replace("mine_scores", "Mine scores"), 9, "'Mine scores' is no name of a table."),
        (module("return {}", column="Column('sharpness', FLOAT, 'A number.')"), 9, "clip_sheet has a column sharpness already, of visual_scores."),
        (module("return {}", column="Column('fps', FLOAT, 'A number.')"), 9, "clip_sheet has a column fps already, of the sheet itself."),
        (module("return {}", column="Column('video_id', FLOAT, 'A number.')"), 9, "The table of mine_scores has a column video_id already."),
        (module("return {}", column="Column('mine', pl.Date(), 'A day.')"), 9, "mine is of type Date."),
        (module("return {}", column="Column('mine', FLOAT, '')"), 9, "Nothing says what mine is."),
        (module("return {}", column="Column('mine', FLOAT, 'A number.', least=2, most=1)"), 9, "mine reaches from 2 to 1."),
        (module("return {}", reads="Keyframes(0)"), 9, "mine_scores reads 0 pictures of a clip."),
        (module("return {}", reads="Keyframes('how_many')"), 9, "mine_scores has no setting how_many."),
        (module("return {}", reads="Tables(('nowhere',))"), 9, "There is no table nowhere to read."),
        (module("return {}", reads="4"), 9, "mine_scores reads 4."),
        (module("return {}", more=", code=2"), 9, "The code of mine_scores is 2."),
        (module("return {}", more=", subject='everything'"), 9, "'everything' is no subject."),
        (module("return {}", more=", sheet_by='yours'"), 9, "mine_scores has no column yours."),
        (module("return {}", more=", open=measure"), 9, "mine_scores has to have one of measure and open."),
    ],
)  # fmt: skip
def test_a_module_that_cannot_be_used_says_where_what_and_how_to_mend_it(
    here: Place, text: str, line: int, said: str
) -> None:
    path = write(here.folder, text)
    write(here.folder, GOOD.replace("mine", "other"), "other.py")
    found = scorers(Settings())
    [error] = found.refused
    assert (error.path, error.line, error.what) == (path, line, said)
    assert error.mend.endswith(".")
    assert list(found.used) == [*(s.name for s in BUILT_IN), "other_scores"]


def test_of_two_with_one_name_the_first_is_used(here: Place) -> None:
    write(here.folder, GOOD, "a.py")
    write(here.folder, GOOD, "b.py")
    found = scorers(Settings())
    assert found.used["mine_scores"].origin.path == here.folder / "scorers" / "a.py"
    assert [(e.path.name, e.what) for e in found.refused] == [
        ("b.py", f"There is a mine_scores already: {here.folder / 'scorers' / 'a.py'}.")
    ]


def test_a_setting_that_its_own_model_refuses_is_said(here: Place) -> None:
    own = "from pydantic import BaseModel\n\nclass Mine(BaseModel):\n    pictures: int = 3\n\n"
    write(here.folder, own + module("return {}", reads="Keyframes('pictures')", more=", settings=Mine"))
    assert scorers(Settings()).used["mine_scores"].most(Settings()) == 3
    five = Settings(scorers={"mine_scores": {"pictures": 5}})
    assert scorers(five).used["mine_scores"].most(five) == 5
    [error] = scorers(Settings(scorers={"mine_scores": {"pictures": "many"}})).refused
    assert error.what.startswith("[scorers.mine_scores] cannot be used: pictures: Input should be a valid integer")


def test_a_module_that_has_changed_is_read_anew(here: Place) -> None:
    path = write(here.folder, "x = 1\n")
    assert len(scorers(Settings()).refused) == 1
    path.write_text(GOOD)
    assert (scorers(Settings()).refused, "mine_scores" in scorers(Settings()).used) == ((), True)
    path.unlink()
    assert "mine_scores" not in scorers(Settings()).used


def test_a_name_that_begins_with_an_underscore_is_no_scorer(here: Place) -> None:
    write(here.folder, "raise RuntimeError\n", "_helpers.py")
    assert scorers(Settings()).refused == ()


def test_the_commands_say_what_was_left_out_and_go_on(here: Place) -> None:
    here.quick_lake()
    path = write(here.folder, f"{HEAD}\nraise RuntimeError('no licence server')\n")
    printed = answer("scorer", "list")
    assert f"{len(BUILT_IN)} scorers" in printed
    assert f"Left out: {path}:4: Importing it raised RuntimeError: no licence server." in printed
    assert Path("scorers/__pycache__").exists() is False


_SHOWN = """
import json
from video_assets.assets.common import catalogue
from video_assets.assets.files import by_asset, refused
from video_assets.definitions import defs
from video_assets.settings import settings
[asset] = refused
[spec] = asset.specs
[check] = asset.check_specs
keys = {s.key.to_user_string() for s in defs.resolve_all_asset_specs()}
print(json.dumps([spec.key.to_user_string(), spec.group_name, spec.description, check.name, spec.key.to_user_string() in keys,
    str(by_asset(catalogue(settings()).files)[spec.key.to_user_string()]), "other_scores" in keys]))
"""


def test_a_module_that_cannot_be_used_is_an_asset_with_its_sentence_and_the_others_are_in_the_graph(
    here: Place,
) -> None:
    path = write(here.folder, GOOD.replace("mine_scores", "clips"))
    write(here.folder, GOOD.replace("mine", "other"), "other.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _SHOWN], cwd=here.folder, env=here.environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    key, group, description, check, in_graph, error, other = json.loads(done.stdout)
    said = f"{path}:9: clips is a table of the lake. Give the scorer another name."
    assert (key, group, check, in_graph, error, other) == (
        "scorers/mine", "scorers", "file_can_be_used", True, said, True,
    )  # fmt: skip
    assert description.startswith(f"**This file cannot be used.** {said}\n\n```python\n")
