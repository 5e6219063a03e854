"""The settings pairs of deploy/ as they stand: each loads, and keeps things where its page says."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster_shared.yaml_utils import load_yaml_from_path

from tests.assets.pages import web_server
from tests.commands import answer
from tests.conftest import forget_settings
from tests.lake.rows import commit_shots
from tests.place import Place
from tests.servers.postgres import PASSWORD, USER, Postgres
from tests.servers.s3 import Server
from video_assets.assets.run import add_partitions, open_instance
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture, store
from video_assets.settings import Settings, settings

DEPLOY = Path(__file__).parents[1] / "deploy"


def test_the_laptop_s_pair_says_what_the_defaults_are(here: Place) -> None:
    defaults = Settings()
    shutil.copy2(DEPLOY / "laptop" / "video_assets.toml", here.folder)
    forget_settings()
    found = settings()
    for name in ("root", "catalog_path", "scratch_path"):
        assert getattr(found.lake, name) == getattr(defaults.lake, name)
    assert found.footage == defaults.footage
    ours = DEPLOY.parent / "dagster_home" / "dagster.yaml"
    assert load_yaml_from_path(str(DEPLOY / "laptop" / "dagster.yaml")) == load_yaml_from_path(str(ours))


@pytest.fixture(params=["server", "cluster"])
def served(
    request: pytest.FixtureRequest, here: Place, postgres: Postgres, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """Make this process work by a pair for several machines, at servers on loopback that have what the page tells one to make."""
    for name in ("lake", "dagster"):
        postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        postgres.execute(f"CREATE DATABASE {name}")
    if "video-assets" not in {b["Name"] for b in server.access.client.list_buckets()["Buckets"]}:
        server.access.client.create_bucket(Bucket="video-assets")
    here.home.mkdir()
    shutil.copy2(DEPLOY / request.param / "dagster.yaml", here.home)
    shutil.copy2(DEPLOY / request.param / "video_assets.toml", here.folder)
    reach = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGUSER": USER, "PGPASSWORD": PASSWORD}
    for name, value in (reach | {"VIDEO_ASSETS_S3__ENDPOINT_URL": str(server.settings.endpoint_url)}).items():
        monkeypatch.setenv(name, value)
    forget_settings()
    return here


def test_a_pair_for_several_machines_keeps_everything_in_postgresql_and_on_s3(
    served: Place, postgres: Postgres, server: Server
) -> None:
    lake = Lake(settings())
    commit_shots(lake, "a", 3)
    assert answer("sql", "--csv", "SELECT count(*) AS shots FROM shots") == "shots\n3\n"
    assert postgres.execute("SELECT count(*) > 0 FROM ducklake_snapshot", "lake") == [(True,)]

    with open_instance(served.home) as instance:
        key = f"batch-{uuid4().hex}"
        add_partitions(instance, "batch", [key, key])
        assert instance.get_dynamic_partitions("batch") == [key]
        assert postgres.execute("SELECT partition FROM dynamic_partitions", "dagster") == [(key,)]

        @dg.asset
        def says() -> None:
            print("something was said")

        result = dg.materialize([says], instance=instance)
        assert result.success
        assert postgres.execute("SELECT status FROM runs", "dagster") == [("SUCCESS",)]
        objects = server.access.client.list_objects_v2(Bucket="video-assets", Prefix="dagster/")["Contents"]
        logs = [entry["Key"] for entry in objects if entry["Key"].endswith(".out") and result.run_id in entry["Key"]]
        assert len(logs) == 1
        said = server.access.client.get_object(Bucket="video-assets", Key=logs[0])["Body"].read()
        assert said == b"something was said\n"
        records = "SELECT string_agg(event, '') FROM event_logs"
        assert PASSWORD not in str(postgres.execute(records, "dagster"))
    # Nothing but locks, and what was copied here, is on this machine.
    kept = {p.name for p in served.folder.rglob("*") if p.is_file() and not p.name.endswith(".lock")}
    assert kept == {"dagster.yaml", "video_assets.toml"}


def test_the_web_server_of_several_machines_finds_the_lake_s_pictures_and_logs(served: Place) -> None:
    lake = Lake(settings())
    path = store(lake, "clips", {"a": {"lengths": Picture(b"<svg/>", "svg", "One.")}})["a"]["lengths"]
    place, _, ending = path.removeprefix("pages/").rpartition(".")
    with open_instance(served.home) as instance, web_server(instance) as browser:
        assert browser.get(f"/logs/lake/{place}/{ending}").content == b"<svg/>"
        assert browser.get(f"/logs/lake/clips/nothing/{ending}").status_code == 404
