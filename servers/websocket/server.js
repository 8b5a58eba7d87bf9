// The echo server of Node's `websocket`, at its defaults. The contract is in ../README.md.
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
    if (message.type === 'utf8') client.sendUTF(message.utf8Data);
    else client.sendBytes(message.binaryData);
  });
});

httpServer.listen(Number(process.env.PORT), '127.0.0.1');
