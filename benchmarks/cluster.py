"""Curate batches of small films on a Ray cluster of two nodes, kill one in the middle, and hold every table against a run in one process.

    python benchmarks/cluster.py                             # 20 batches of 3 films of 2 to 4 s
    python benchmarks/cluster.py --batches 4 --videos 2      # quicker

Both nodes are raylets on this machine, whose workers share its cores: what is shown is that all come to their end, nothing
twice, and not speed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from tests.cluster.conftest import GIVEN_UP, NODE, Raylets
from tests.cluster.show import compare, curate, make_films, on_cluster, settings
from tests.place import Place
from video_assets.settings import WorkerSettings


def main() -> None:
    """Run by the command line's options."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--batches", type=int, default=20)
    options.add_argument("--videos", type=int, default=3, help="Videos of a batch.")
    chosen = options.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        films = folder / "films"
        make_films(films, chosen.batches * chosen.videos)
        places = Place(folder / "one"), Place(folder / "several")
        began = time.monotonic()
        alone = settings(places[0], chosen.videos, workers=WorkerSettings(processes=1))
        one = curate(alone, films, network=True)
        print(
            f"{chosen.batches} batches of {chosen.videos}, one process: {time.monotonic() - began:.0f} s.", flush=True
        )

        head = {
            "num_cpus": 0,
            "include_dashboard": False,
            "object_store_memory": 80 * 2**20,
            "_system_config": GIVEN_UP,
        }
        cluster = Cluster(initialize_head=True, head_node_args=head)
        raylets = Raylets(cluster, [cluster.add_node(**NODE) for _ in range(2)])
        began, decodes, killed = time.monotonic(), 0, False

        def kill_in_the_middle(asset: str, done: int, total: int) -> None:
            nonlocal decodes, killed
            if asset != "frame_signals":
                return
            if decodes == chosen.batches // 2 and done < total and not killed:
                killed = True
                raylets.kill(0)
                print(f"A node was killed after {time.monotonic() - began:.0f} s, in batch {decodes + 1}.", flush=True)
            decodes += done == total

        try:
            chose = settings(places[1], chosen.videos, **on_cluster(raylets))
            several = curate(chose, films, kill_in_the_middle, network=True)
        finally:
            ray.shutdown()
            cluster.shutdown()
        if not killed:
            raise SystemExit("No node was killed: the batch in the middle was decoded at once.")
        print(f"The same on the cluster: {time.monotonic() - began:.0f} s.", flush=True)
        rows = compare(several, one)
        films_seen = several.query("SELECT count(*), count(DISTINCT video_id), count(reason) FROM raw_videos").row(0)
        print(f"{films_seen[0]} videos, {films_seen[1]} different, {films_seen[2]} failed.")
        print(f"{len(rows)} tables with rows, {sum(rows.values()):,} rows: equal, costs and run ids aside.")


if __name__ == "__main__":
    main()
