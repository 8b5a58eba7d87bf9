"""The broadcast server of Python's `picows`, at its defaults. The contract is in ../README.md."""

import asyncio
import os

from picows import WSListener, WSMsgType, ws_create_server

clients = set()


class Member(WSListener):
    """Puts the fragments of a message together: the library hands over frame by frame."""

    def __init__(self):
        self.kind = None
        self.fragments = bytearray()

    def on_ws_connected(self, transport):
        clients.add(transport)

    def on_ws_disconnected(self, transport):
        clients.discard(transport)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.CLOSE:
            clients.discard(transport)
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.CONTINUATION or not frame.fin:
            self.collect(frame)
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY):
            send_to_all(frame.msg_type, frame.get_payload_as_bytes())

    def collect(self, frame):
        if frame.msg_type != WSMsgType.CONTINUATION:
            self.kind = frame.msg_type
        self.fragments += frame.get_payload_as_bytes()
        if frame.fin:
            send_to_all(self.kind, bytes(self.fragments))
            self.fragments.clear()


def send_to_all(kind, payload):
    for client in clients:
        client.send(kind, payload)


async def main():
    server = await ws_create_server(lambda _request: Member(), "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.run(main())
