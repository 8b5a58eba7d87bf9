// The broadcast server of Node's `@fastify/websocket`, at its defaults. The contract is in
// ../README.md.
'use strict';

const fastify = require('fastify')();

fastify.register(require('@fastify/websocket'));
fastify.register(async (scope) => {
  scope.get('/', { websocket: true }, (client) => {
    client.on('message', (data, isBinary) => {
      for (const other of fastify.websocketServer.clients) {
        if (other.readyState === other.OPEN) other.send(data, { binary: isBinary });
      }
    });
  });
});
fastify.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
