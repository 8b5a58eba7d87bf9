"""The broadcast server of Python's `trio-websocket`, at its defaults.

The contract is in ../README.md."""

import os

import trio
from trio_websocket import ConnectionClosed, serve_websocket

clients = set()


async def member(request):
    websocket = await request.accept()
    clients.add(websocket)
    try:
        while True:
            await send_to_all(await websocket.get_message())
    except ConnectionClosed:
        pass  # clients come and go
    finally:
        clients.discard(websocket)


async def send_to_all(message):
    # A copy, for clients come and go while one of them is waited for.
    for client in list(clients):
        try:
            await client.send_message(message)
        except ConnectionClosed:
            pass  # it is going


trio.run(serve_websocket, member, "127.0.0.1", int(os.environ["PORT"]), None)
