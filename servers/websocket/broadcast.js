// The broadcast server of Node's `websocket`, at its defaults, by its own broadcasts. The contract
// is in ../README.md.
'use strict';

const http = require('http');
const { server: WebSocketServer } = require('websocket');

const httpServer = http.createServer((request, response) => {
  response.writeHead(404);
  response.end();
});
const server = new WebSocketServer({ httpServer });

server.on('request', (request) => {
  const client = request.accept(null, request.origin);
  client.on('message', (message) => {
    if (message.type === 'utf8') server.broadcastUTF(message.utf8Data);
    else server.broadcastBytes(message.binaryData);
  });
});

httpServer.listen(Number(process.env.PORT), '127.0.0.1');
