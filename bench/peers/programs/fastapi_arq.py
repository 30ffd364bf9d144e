"""The asynchronous way: FastAPI puts a job into arq's queue."""

import os
from contextlib import asynccontextmanager

from arq import create_pool
from arq.connections import RedisSettings
from fastapi import FastAPI, Request, Response
from sender import authorized


@asynccontextmanager
async def lifespan(app: FastAPI):  # noqa: ANN201 - a generator
    """Connect once a process."""
    settings = RedisSettings(unix_socket_path=os.environ["PEER_SOCKET"])
    app.state.pool = await create_pool(settings)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks")
async def receive(request: Request):  # noqa: ANN201 - a response of FastAPI's
    """Check the sender, enqueue, answer."""
    if not authorized(request.headers.get("authorization", "")):
        return Response(status_code=401)
    await request.app.state.pool.enqueue_job("handle", await request.json())
    return {"status": "ok"}
