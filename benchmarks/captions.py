"""How busy the endpoint captioner keeps a server that answers in 200 ms, as the share of its allowed requests."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from multiprocessing.connection import Connection

import numpy as np

from tests.describe.chat_server import ChatServer, serving
from video_assets.describe.answer import Answer, Shown
from video_assets.describe.caption import Caption
from video_assets.describe.endpoint import caption
from video_assets.settings import CaptionerSettings

ANSWER_SECONDS = 0.2
PICTURES, PICTURE_BYTES = 8, 30_000


def serve(pipe: Connection) -> None:
    """Serve in a process of its own; tell the address, and whenever asked how busy the server was since the last time."""
    with serving(ChatServer(seconds=ANSWER_SECONDS)) as server:
        pipe.send(server.url)
        while pipe.recv():
            pipe.send((server.busy_seconds, server.most_at_once))
            server.busy_seconds, server.most_at_once = 0.0, 0
            server.bodies.clear()


def occupancy(url: str, pipe: Connection, concurrency: int, rounds: int) -> tuple[float, int, float]:
    """Busy share (0-1), the most requests at a time, and the client's CPU ms a clip, over so many rounds of full use."""
    pictures = tuple(np.random.default_rng(0).bytes(PICTURE_BYTES) for _ in range(PICTURES))
    clips = (Shown(str(n), pictures) for n in range(concurrency * rounds))
    captioner = CaptionerSettings(name="bench", kind="endpoint", base_url=url, model="none", concurrency=concurrency)
    answers: list[Answer[Caption]] = []
    pipe.send(True)
    pipe.recv()
    cpu, began = time.process_time(), time.perf_counter()
    caption(captioner, clips, answers.append)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    assert sum(answer.said is not None for answer in answers) == concurrency * rounds
    pipe.send(True)
    busy, most = pipe.recv()
    return busy / (concurrency * seconds), most, spent / len(answers) * 1000


def main() -> None:
    """Print a row for each bound."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=50)
    arguments.add_argument("--concurrency", type=int, nargs="+", default=[4, 16, 32])
    chosen = arguments.parse_args()
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = pipe.recv()
    occupancy(url, pipe, 2, 2)  # What is imported and opened once is no part of it.
    print("| requests allowed | busy share | most at a time | client's CPU, ms a clip |\n| --- | --- | --- | --- |")
    for concurrency in chosen.concurrency:
        busy, most, cpu = occupancy(url, pipe, concurrency, chosen.rounds)
        print(f"| {concurrency} | {busy:.3f} | {most} | {cpu:.1f} |", flush=True)
    pipe.send(False)
    server.join()


if __name__ == "__main__":
    main()
