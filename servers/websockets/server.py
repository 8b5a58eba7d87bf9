"""The echo server of Python's `websockets`, at its defaults. The contract is in ../README.md."""

import asyncio
import json
import os
import ssl
import sys

import websockets
from websockets.asyncio.server import serve

connections = 0
alive = 0
peak = 0
messages = 0


async def echo(websocket):
    global connections, alive, peak, messages
    connections += 1
    alive += 1
    peak = max(peak, alive)
    try:
        async for message in websocket:
            await websocket.send(message)
            messages += 1
    except websockets.ConnectionClosed:
        pass  # clients come and go; how, the client's side asserts
    finally:
        alive -= 1


def tls():
    """TLS where a certificate is given, none by default."""
    if "TLS_CERT" not in os.environ:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    return context


async def main():
    loop = asyncio.get_running_loop()
    chosen = int(os.environ.get("PORT", 0))
    async with serve(echo, "127.0.0.1", chosen, ssl=tls()) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"listening 127.0.0.1:{port}", flush=True)
        # Whoever chose the port ends the process; a test that left it free closes the input.
        if chosen:
            await server.serve_forever()
        await loop.run_in_executor(None, sys.stdin.read)
        print(json.dumps({"connections": connections, "peak": peak, "messages": messages}), flush=True)


asyncio.run(main())
