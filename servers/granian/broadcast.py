"""The broadcast server of Granian, at its defaults: a bare ASGI application.

The contract is in ../README.md."""

import asyncio

clients = set()


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return  # neither plain HTTP nor the start of the server is of interest here
    try:
        while True:
            event = await receive()
            if event["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
                clients.add(send)
            elif event["type"] == "websocket.disconnect":
                return
            elif event.get("text") is not None:
                await send_to_all({"type": "websocket.send", "text": event["text"]})
            else:
                await send_to_all({"type": "websocket.send", "bytes": event["bytes"]})
    finally:
        clients.discard(send)


async def send_to_all(event):
    # All at once: each of them waits for another thread. Who is going may refuse.
    await asyncio.gather(*(send(event) for send in clients), return_exceptions=True)
