// The broadcast server of Node's `faye-websocket`, at its defaults. The contract is in
// ../README.md.
'use strict';

const http = require('http');
const WebSocket = require('faye-websocket');

const clients = new Set();
const server = http.createServer();

server.on('upgrade', (request, socket, body) => {
  if (!WebSocket.isWebSocket(request)) {
    socket.destroy();
    return;
  }
  const client = new WebSocket(request, socket, body);
  client.on('open', () => clients.add(client));
  client.on('close', () => clients.delete(client));
  // Text comes as a string and binary as a buffer; either goes out as what it was.
  client.on('message', (event) => {
    for (const other of clients) other.send(event.data);
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1');
