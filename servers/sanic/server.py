"""The echo server of Python's `sanic`, at its defaults. The contract is in ../README.md."""

import os

from sanic import Sanic

app = Sanic("echo")


@app.websocket("/")
async def echo(_request, websocket):
    async for message in websocket:
        await websocket.send(message)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), motd=False, access_log=False)
