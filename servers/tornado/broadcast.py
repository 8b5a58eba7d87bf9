"""The broadcast server of Python's `tornado`, at its defaults. The contract is in ../README.md."""

import asyncio
import os

import tornado.web
import tornado.websocket


class Member(tornado.websocket.WebSocketHandler):
    clients = set()

    def open(self):
        self.clients.add(self)

    def on_close(self):
        self.clients.discard(self)

    def on_message(self, message):
        for client in self.clients:
            try:
                sent = client.write_message(message, binary=isinstance(message, bytes))
                # Looked at, or it would be logged when it fails for a client that is going.
                sent.add_done_callback(asyncio.Future.exception)
            except tornado.websocket.WebSocketClosedError:
                pass  # it is going


async def main():
    application = tornado.web.Application([("/", Member)])
    application.listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
