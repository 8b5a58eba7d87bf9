"""The echo server of Granian, at its defaults: a bare ASGI application.

The contract is in ../README.md."""


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return  # neither plain HTTP nor the start of the server is of interest here
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.disconnect":
            return
        elif event.get("text") is not None:
            await send({"type": "websocket.send", "text": event["text"]})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})
