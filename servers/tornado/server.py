"""The echo server of Python's `tornado`, at its defaults. The contract is in ../README.md."""

import asyncio
import os

import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    async def on_message(self, message):
        try:
            await self.write_message(message, binary=isinstance(message, bytes))
        except tornado.websocket.WebSocketClosedError:
            pass  # clients come and go


async def main():
    application = tornado.web.Application([("/", Echo)])
    application.listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
