"""What answers of a server cost the client, and how many tokens come, for 1 to 64 streams at once.

Without arguments a process of its own plays the server, on loopback: each stream gets 20 tokens a
second, each token in an event as vLLM sends them. With ``--url`` it is a real server, and the
figures say how its speed grows with load.

This process reads the streams through `RemoteEngine`, a thread for each, as so many front ends
would. Its processor time, user and system, is printed as a share of one core. Exit code 1 where 64
streams of the loopback server take half a core or more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from engine.errors import EngineError
from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.types import Event, Finished, Message, Request

RATE = 20
"""Tokens a second of each stream."""

STREAMS = (1, 2, 4, 8, 16, 32, 64)
"""How many at once, unless ``--streams`` says otherwise."""

LIMIT = 0.5
"""Cores that 64 streams may take."""

_MODELS = {"data": [{"id": "tiny", "owned_by": "vllm", "max_model_len": 4096}]}


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of so many streams."""

    streams: int
    tokens: int
    seconds: float
    """From the first request to the last token."""
    cpu_s: float
    first_s: float
    """From a request to its first token; the median."""


async def _serve() -> None:
    """Be the server, until standard input ends."""
    server = await asyncio.start_server(_talk, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await _head(reader):
        length = next((int(line[15:]) for line in head if line.startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        if head[0].startswith("get "):
            page = json.dumps(_MODELS).encode()
            kind = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            )
            writer.write(kind % len(page) + page)
        else:
            await _answer(writer, json.loads(body)["max_tokens"])
        await writer.drain()
    writer.close()


async def _head(reader: asyncio.StreamReader) -> list[str]:
    """The lines of a request's head, in small letters; none where the client has left."""
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    except asyncio.IncompleteReadError:
        return []


async def _answer(writer: asyncio.StreamWriter, tokens: int) -> None:
    """Stream tokens at the rate, whatever the time it takes to send one."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    started = time.monotonic()
    for number in range(tokens):
        await asyncio.sleep(started + number / RATE - time.monotonic())
        _send(writer, {"choices": [{"index": 0, "delta": {"content": f" word{number}"}}]})
    _send(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    done = b"data: [DONE]\n\n"
    writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(done), done))


def _send(writer: asyncio.StreamWriter, value: dict[str, object]) -> None:
    more = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
    event = f"data: {json.dumps({**more, **value})}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(event), event))


def measure(endpoint: Endpoint, streams: int, tokens: int) -> Measured:
    """Read so many streams at once.

    Args:
        endpoint: The server.
        streams: How many.
        tokens: The longest that each may be.

    Raises:
        EngineError: If the server is not there.
        RuntimeError: If a stream broke off.
    """
    engines = [RemoteEngine(endpoint, os.environ) for _ in range(streams)]
    for engine in engines:
        engine.describe()
    ends: list[Finished] = []
    failed: list[str | None] = []

    def read(number: int) -> None:
        request = Request(
            (Message("user", f"Story {number}: a lighthouse, as long as it can be."),),
            max_tokens=tokens,
        )
        try:
            ends.extend(event for event in engines[number].stream(request) if _is_end(event))
        except EngineError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(streams)]
    started, used = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, cpu_s = time.monotonic() - started, time.process_time() - used
    for engine in engines:
        engine.close()
    failed += [end.error for end in ends if end.error]
    if failed:
        raise RuntimeError(f"{len(failed)} of {streams} streams failed: {failed[0]}")
    written = sum(end.usage.completion_tokens for end in ends)
    first = statistics.median(end.timings.prefill_s for end in ends)
    return Measured(streams, written, elapsed, cpu_s, first)


def _is_end(event: Event) -> TypeGuard[Finished]:
    return isinstance(event, Finished)


def report(measured: Iterable[Measured]) -> float:
    """Print each; the share of a core that the last took."""
    print("streams  tokens/s  of each  first token  % of a core  of each")
    share = 0.0
    for one in measured:
        speed, share = one.tokens / one.seconds, one.cpu_s / one.seconds
        print(
            f"{one.streams:7}  {speed:8.1f}  {speed / one.streams:7.1f}  {one.first_s:9.2f} s  "
            f"{100 * share:11.1f}  {100 * share / one.streams:7.2f}",
            flush=True,
        )
    return share


def main() -> None:
    """Measure and print; exit code 1 where the limit is not kept."""
    parser = argparse.ArgumentParser(description="The cost and the speed of streams.")
    parser.add_argument("--tokens", type=int, default=200, help="of each stream, at most")
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS, help="at once")
    parser.add_argument("--url", help="a real server's, with /v1")
    parser.add_argument("--model", help="what it calls the model")
    parser.add_argument("--key-env", help="the variable that has its key")
    parser.add_argument("--serve", action="store_true", help="be the server")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_serve())
    elif options.url:
        endpoint = Endpoint("measured", options.url, options.model, options.key_env)
        try:
            report(measure(endpoint, streams, options.tokens) for streams in options.streams)
        except (EngineError, RuntimeError) as error:
            sys.exit(str(error))
    else:
        _measure_client(options.streams, options.tokens)


def _measure_client(numbers: Sequence[int], tokens: int) -> None:
    with subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        endpoint = Endpoint("loopback", f"http://127.0.0.1:{int(server.stdout.readline())}/v1")
        share = report(measure(endpoint, streams, tokens) for streams in numbers)
        server.terminate()
    if share >= LIMIT:
        sys.exit(f"{numbers[-1]} streams take {100 * share:.0f}% of a core")


if __name__ == "__main__":
    main()
