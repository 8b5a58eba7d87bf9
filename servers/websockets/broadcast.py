"""A broadcast server of Python's `websockets`, by its own `broadcast`: each message goes within a JSON
object to every client but its sender. Started like server.py."""

import asyncio
import json
import os
import sys

import websockets
from websockets.asyncio.server import broadcast, serve

clients = set()
connections = 0
messages = 0


async def member(websocket):
    global connections, messages
    connections += 1
    clients.add(websocket)
    try:
        async for message in websocket:
            messages += 1
            others = clients - {websocket}
            # The json module escapes all characters but those of ASCII.
            broadcast(others, json.dumps({"type": "said", "text": message}))
    except websockets.ConnectionClosed:
        pass
    finally:
        clients.discard(websocket)


async def main():
    loop = asyncio.get_running_loop()
    chosen = int(os.environ.get("PORT", 0))
    async with serve(member, "127.0.0.1", chosen) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"listening 127.0.0.1:{port}", flush=True)
        if chosen:
            await server.serve_forever()
        await loop.run_in_executor(None, sys.stdin.read)
        print(json.dumps({"connections": connections, "peak": 0, "messages": messages}), flush=True)


asyncio.run(main())
