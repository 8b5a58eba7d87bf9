// Clients of socket.io-client: each joins a room of servers/socket.io/rooms.js, says a few texts there and
// leaves once it has heard as many. Started with the server's URL.
'use strict';

const { io } = require('socket.io-client');

const TEXTS = 4;

function client(url, room) {
  return new Promise((resolve, reject) => {
    const socket = io(url, { transports: ['websocket'], reconnection: false });
    let heard = 0;
    let said = 0;
    const say = () => {
      said += 1;
      socket.emit('msg', room, `text ${said} for the room ${room} by ${socket.id}`);
      if (said < TEXTS) setTimeout(say, 60);
    };
    socket.on('connect_error', reject);
    socket.on('connect', () => socket.emit('join', room, () => setTimeout(say, 300)));
    socket.on('msg', () => {
      heard += 1;
      if (heard < TEXTS) return;
      setTimeout(() => resolve(socket.close()), 200);
    });
  });
}

Promise.all(['red', 'blue', 'green'].map((room) => client(process.argv[2], room)))
  .then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
  });
