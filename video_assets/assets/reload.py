"""Definitions that follow their files: a changed tier is seen without anybody reloading the code location."""

from __future__ import annotations

import threading
import time

import dagster as dg
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin

from video_assets.assets.common import catalogue
from video_assets.settings import Settings


def reload(context: dg.SensorEvaluationContext) -> str:
    """Have the code location loaded anew; say what happens.

    The code server is replaced once the sensor is done with its tick: Dagster's services see within seconds that it is
    another one. ``dagster dev`` and ``dagster code-server start`` can do so, a bare ``dagster api grpc`` cannot.
    """
    try:
        # A file that cannot be loaded would leave no code server to see its mending.
        chosen = Settings()
        catalogue.__wrapped__(chosen)
    except Exception as error:
        return f"The files of the definitions have changed and cannot be used, so those from before stay: {error}"
    origin = context.code_location_origin
    if not isinstance(origin, GrpcServerCodeLocationOrigin):
        return "The files of the definitions have changed: choose 'Reload definitions' to see them."
    threading.Thread(target=_reload, args=(origin,), daemon=True).start()
    return "The files of the definitions have changed: they are loaded anew."


def _reload(origin: GrpcServerCodeLocationOrigin) -> None:
    time.sleep(1)  # The tick's answer is under way.
    origin.create_client().reload_code(timeout=180)
