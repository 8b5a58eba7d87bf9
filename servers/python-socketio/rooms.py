"""Rooms of python-socketio over aiohttp: a client joins one by the event "join", which is acknowledged,
and "msg" sends a text to all of a room. It listens on the port that PORT names or a free one."""

import asyncio
import json
import os
import sys

import socketio
from aiohttp import web

stats = {"connections": 0, "peak": 0, "messages": 0}
server = socketio.AsyncServer(async_mode="aiohttp")


@server.event
async def connect(client, environ):
    stats["connections"] += 1


@server.event
async def join(client, room):
    await server.enter_room(client, room)
    return "ok"


@server.event
async def msg(client, room, text):
    stats["messages"] += 1
    await server.emit("msg", text, room=room)


async def main():
    chosen = int(os.environ.get("PORT", 0))
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", chosen)
    await site.start()
    port = runner.addresses[0][1]
    print(f"listening 127.0.0.1:{port}", flush=True)
    if chosen:
        await asyncio.Event().wait()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps(stats), flush=True)
    os._exit(0)


asyncio.run(main())
