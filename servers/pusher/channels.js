// Channels as Pusher's protocol has them, version 7: a client subscribes to a channel, and an event whose
// name begins with "client-" goes to all others that have. Here public channels take them as well.
'use strict';

const { WebSocketServer } = require('ws');
const { Rooms, serve } = require('../node/serving');

const channels = new Rooms();

serve(WebSocketServer, {}, (client, stats, request) => {
  const say = (message) => client.readyState === client.OPEN && client.send(JSON.stringify(message));
  if (!request.url.startsWith('/app/')) {
    client.close(4001, 'there is no such app');
    return;
  }
  const about = { socket_id: `1.${stats.connections}`, activity_timeout: 120 };
  say({ event: 'pusher:connection_established', data: JSON.stringify(about) });
  client.on('message', (text) => {
    const { event, channel, data } = JSON.parse(text);
    if (event === 'pusher:ping') say({ event: 'pusher:pong', data: '{}' });
    if (event === 'pusher:subscribe') {
      channels.join(data.channel, say);
      const subscribed = 'pusher_internal:subscription_succeeded';
      say({ event: subscribed, channel: data.channel, data: '{}' });
    }
    if (event.startsWith('client-')) {
      stats.messages += 1;
      for (const other of channels.members(channel)) {
        if (other !== say) other({ event, channel, data });
      }
    }
  });
  const pinging = setInterval(() => say({ event: 'pusher:ping', data: '{}' }), 1000);
  client.on('close', () => {
    clearInterval(pinging);
    channels.leave(say);
  });
});
