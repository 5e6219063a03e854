"""What an answer of the server's has in its body."""

from __future__ import annotations

import anyio
from starlette.responses import Response, StreamingResponse


def streamed(answer: Response) -> tuple[int, bytes]:
    """The status and the whole body."""

    async def read() -> bytes:
        assert isinstance(answer, StreamingResponse)
        return b"".join(
            [part if isinstance(part, bytes) else bytes(str(part), "utf-8") async for part in answer.body_iterator]
        )

    return answer.status_code, anyio.run(read) if isinstance(answer, StreamingResponse) else bytes(answer.body)
