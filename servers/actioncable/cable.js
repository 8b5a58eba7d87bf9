// A cable as Rails' ActionCable has them: the channel "ChatChannel" streams from its room, and its action
// "say" broadcasts a text to it. Identifiers and data are JSON within JSON.
'use strict';

const { WebSocketServer } = require('ws');
const { Rooms, serve } = require('../node/serving');

const rooms = new Rooms();

serve(WebSocketServer, { path: '/cable' }, (client, stats) => {
  const say = (message) => client.readyState === client.OPEN && client.send(JSON.stringify(message));
  say({ type: 'welcome' });
  client.on('message', (text) => {
    const { command, identifier, data } = JSON.parse(text);
    const { channel, room } = JSON.parse(identifier);
    if (command === 'subscribe' && channel !== 'ChatChannel') {
      say({ identifier, type: 'reject_subscription' });
    } else if (command === 'subscribe') {
      rooms.join(room, say);
      say({ identifier, type: 'confirm_subscription' });
    } else if (command === 'message' && JSON.parse(data).action === 'say') {
      stats.messages += 1;
      const message = { text: JSON.parse(data).text };
      for (const other of rooms.members(room)) other({ identifier, message });
    }
  });
  const pinging = setInterval(() => say({ type: 'ping', message: Math.floor(Date.now() / 1000) }), 1000);
  client.on('close', () => {
    clearInterval(pinging);
    rooms.leave(say);
  });
});
