// The broadcast server of Bun's own `Bun.serve`, at its defaults, by its own topics. The contract
// is in ../README.md.
'use strict';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT),
  fetch(request, server) {
    if (server.upgrade(request)) return undefined;
    return new Response('a WebSocket client was expected', { status: 400 });
  },
  websocket: {
    open(client) {
      client.subscribe('all');
    },
    message(client, message) {
      // The sender too: a client's own `publish` goes to all but itself.
      server.publish('all', message);
    },
  },
});
