"""The broadcast server of Hypercorn, at its defaults: a bare ASGI application.

The contract is in ../README.md."""

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
    # A copy, for clients come and go while one of them is waited for.
    for send in list(clients):
        try:
            await send(event)
        except OSError:
            pass  # it is going
