// The echo server of Bun's own `Bun.serve`, at its defaults. The contract is in ../README.md.
'use strict';

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT),
  fetch(request, server) {
    if (server.upgrade(request)) return undefined;
    return new Response('a WebSocket client was expected', { status: 400 });
  },
  websocket: {
    message(client, message) {
      client.send(message);
    },
  },
});
