// Clients of phoenix, each on a topic of its own, to be recorded. Started with the port of the server.
'use strict';

const { Socket } = require('phoenix');
const { WebSocket } = require('ws');
const { talk } = require('../node/serving');

talk(['red', 'blue', 'green'], (room, heard) => new Promise((resolve) => {
  const socket = new Socket(`ws://127.0.0.1:${process.argv[2]}/socket`, { transport: WebSocket });
  socket.connect();
  const channel = socket.channel(`room:${room}`, {});
  channel.on('msg', heard);
  const say = (text) => channel.push('msg', { text });
  channel.join().receive('ok', () => resolve({ say, close: () => socket.disconnect() }));
}));
