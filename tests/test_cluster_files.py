"""deploy/cluster and deploy/kubernetes as they stand: what can be known of them without a cluster."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._core.launcher.base import WorkerStatus

from tests.conftest import forget_settings
from tests.place import Place
from video_assets.assets.launching import ClusterRunLauncher
from video_assets.settings import settings

DEPLOY = Path(__file__).parents[1] / "deploy"
MANIFESTS = [
    document
    for name in ("postgres", "dagster", "ray")
    for document in yaml.safe_load_all((DEPLOY / "kubernetes" / f"{name}.yaml").read_text())
]
RAY_CLUSTER = next(m for m in MANIFESTS if m["kind"] == "RayCluster")
GROUPS = RAY_CLUSTER["spec"]["workerGroupSpecs"]


def named(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def as_core(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest, or of a RayCluster the pods that it describes, as things that Kubernetes itself knows."""
    if manifest["kind"] != "RayCluster":
        return [manifest]
    spec = manifest["spec"]
    pods = [group["template"] for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"])]
    return [{"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "a"}, "template": pod} for pod in pods]


def wrong(manifest: dict[str, Any]) -> str | None:
    """What Kubernetes' own schemas say against it."""
    try:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return None


@pytest.mark.parametrize("manifest", MANIFESTS, ids=named)
def test_a_manifest_is_one_by_the_schemas_of_kubernetes(manifest: dict[str, Any]) -> None:
    assert [wrong(part) for part in as_core(manifest)] == [None] * len(as_core(manifest))


def test_the_schemas_would_say_so_of_a_misspelt_name() -> None:
    manifest = json.loads(json.dumps(as_core(RAY_CLUSTER)[1]))
    manifest["template"]["spec"]["containers"][0]["enviroment"] = []
    assert "enviroment" in str(wrong(manifest))


def test_nodes_declare_what_workers_and_runs_take_of_them() -> None:
    declared = {
        group["groupName"]: json.loads(json.loads(group["rayStartParams"].get("resources", '"{}"'))) for group in GROUPS
    }
    assert declared == {"runs": {"decoding": 4, "run": 8}, "decoding": {"decoding": 16}, "models": {}}
    chosen = tomllib.loads((DEPLOY / "cluster" / "video_assets.toml").read_text())["ray"]
    assert chosen["videos"]["resource"] == "decoding"
    assert [share["name"] for share in chosen["shares"] if share.get("gpus")] == ["captions"]
    launcher = yaml.safe_load((DEPLOY / "cluster" / "dagster.yaml").read_text())["run_launcher"]["config"]["ray"]
    assert launcher["resources"] == {"run": 1}
    assert launcher["address"] == f"http://{RAY_CLUSTER['metadata']['name']}-head-svc:8265"


def test_only_nodes_that_may_vanish_are_spot() -> None:
    spot = {
        group["groupName"]: any(
            t["key"] == "video-assets/spot" for t in group["template"]["spec"].get("tolerations", ())
        )
        for group in GROUPS
    }
    assert spot == {"runs": False, "decoding": True, "models": True}


def test_no_password_and_no_key_stands_in_a_file_or_is_sent_with_a_run() -> None:
    secret = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "PGPASSWORD")
    launcher = yaml.safe_load((DEPLOY / "cluster" / "dagster.yaml").read_text())["run_launcher"]["config"]["ray"]
    assert not {*launcher["env_vars"]} & {*secret}
    for manifest in MANIFESTS:
        for part in as_core(manifest):
            spec = part.get("spec", part).get("template", {}).get("spec", {})
            given = [env for container in spec.get("containers", ()) for env in container.get("env", ())]
            plain = [e["name"] for e in given if e["name"].endswith(("PASSWORD", "TOKEN")) and "value" in e]
            assert plain == [], named(manifest)


def test_the_settings_of_the_cluster_load_as_they_stand(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_CONFIG", str(DEPLOY / "cluster" / "video_assets.toml"))
    forget_settings()
    chosen = settings()
    assert (chosen.workers.backend, chosen.lake.on_s3, chosen.ray.deaths) == ("ray", True, 2)
    assert chosen.ray.share(None).resource == "decoding"
    assert (chosen.ray.share("captions").gpus, chosen.ray.share("clip_embeddings").most) == (1.0, 8)
    assert chosen.ray.share("people_scores") == chosen.ray.models


@contextmanager
def launcher_of(here: Place, address: str | None = None) -> Iterator[ClusterRunLauncher]:
    """The launcher of deploy/cluster, whose Ray may be elsewhere."""
    here.home.mkdir()
    chosen = yaml.safe_load((DEPLOY / "cluster" / "dagster.yaml").read_text())["run_launcher"]
    if address:
        chosen["config"]["ray"]["address"] = address
    (here.home / "dagster.yaml").write_text(yaml.safe_dump({"run_launcher": chosen}))
    with dg.DagsterInstance.from_config(str(here.home)) as instance:
        launcher = instance.run_launcher
        assert isinstance(launcher, ClusterRunLauncher)
        yield launcher


def test_runs_are_placed_by_dagster_rays_launcher_and_wait_for_no_cpu(here: Place) -> None:
    with launcher_of(here) as launcher:
        assert (launcher.resources, launcher.num_cpus) == ({"run": 1}, 0)


def test_a_run_of_the_command_line_is_no_lost_job_of_ray(here: Place) -> None:
    of_a_command = dg.DagsterRun(
        "curate_batch", status=dg.DagsterRunStatus.STARTED, tags={"video_assets/host": "there"}
    )
    with launcher_of(here, "http://127.0.0.1:1") as launcher:
        assert launcher.check_run_worker_health(of_a_command).status is WorkerStatus.RUNNING
        # Of a run that the launcher has placed Ray is asked.
        with pytest.raises(ConnectionError):
            launcher.check_run_worker_health(dg.DagsterRun("curate_batch", status=dg.DagsterRunStatus.STARTED))


def test_dagster_has_the_token_that_the_cluster_asks_for() -> None:
    assert RAY_CLUSTER["spec"]["authOptions"] == {"mode": "token"}
    deployments = [m for m in MANIFESTS if m["metadata"]["name"].startswith("dagster-") and m["kind"] == "Deployment"]
    assert len(deployments) == 3
    for manifest in deployments:
        (container,) = manifest["spec"]["template"]["spec"]["containers"]
        given = {env["name"]: env for env in container["env"]}
        assert given["RAY_AUTH_MODE"]["value"] == "token"
        # The secret that the operator makes has the name of the cluster.
        secret = given["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]
        assert secret == {"name": RAY_CLUSTER["metadata"]["name"], "key": "auth_token"}
