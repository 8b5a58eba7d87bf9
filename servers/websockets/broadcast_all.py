"""The broadcast server of Python's `websockets`, at its defaults, by its own `broadcast`.

The contract is in ../README.md."""

import asyncio
import os

import websockets
from websockets.asyncio.server import broadcast, serve

clients = set()


async def member(websocket):
    clients.add(websocket)
    try:
        async for message in websocket:
            broadcast(clients, message)
    except websockets.ConnectionClosed:
        pass  # clients come and go
    finally:
        clients.discard(websocket)


async def main():
    async with serve(member, "127.0.0.1", int(os.environ["PORT"])) as server:
        await server.serve_forever()


asyncio.run(main())
