"""The echo server of Python's `trio-websocket`, at its defaults.

The contract is in ../README.md."""

import os

import trio
from trio_websocket import ConnectionClosed, serve_websocket


async def echo(request):
    websocket = await request.accept()
    try:
        while True:
            await websocket.send_message(await websocket.get_message())
    except ConnectionClosed:
        pass  # clients come and go


trio.run(serve_websocket, echo, "127.0.0.1", int(os.environ["PORT"]), None)
