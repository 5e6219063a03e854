"""The web server of Dagster's UI, asked in this process for what an event refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.testclient import TestClient

REFERENCE = re.compile(r"!\[(?P<says>[^\]]*)\]\((?P<address>/logs/lake/[^)\s]*)\)")


@contextmanager
def web_server(instance: dg.DagsterInstance, path_prefix: str = "") -> Iterator[TestClient]:
    """Give a client of the stock web server over this instance; it reads the settings of this process."""
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        app = create_app_from_workspace_process_context(workspace, path_prefix)
        yield TestClient(app, raise_server_exceptions=False)
