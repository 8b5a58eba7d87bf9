// Channels as Centrifugo has them, version 2 of its protocol in JSON: connect, subscribe and publish are
// answered by their id, and what is published is pushed to the channel. Several answers and pushes are
// lines of one message where they fall together; an empty object is a ping, and its pong.
'use strict';

const { WebSocketServer } = require('ws');
const { Rooms, batched, serve } = require('../node/serving');

const channels = new Rooms();

serve(WebSocketServer, { path: '/connection/websocket' }, (client, stats) => {
  const say = batched(client, '\n', false);
  const take = (command) => {
    const { id, connect, subscribe, publish } = command;
    if (connect) {
      const about = { client: `client-${stats.connections}`, version: '0.0.0', ping: 1, pong: true };
      return say(JSON.stringify({ id, connect: about }));
    }
    if (subscribe) {
      channels.join(subscribe.channel, say);
      return say(JSON.stringify({ id, subscribe: {} }));
    }
    if (publish) {
      stats.messages += 1;
      const push = { push: { channel: publish.channel, pub: { data: publish.data } } };
      for (const other of channels.members(publish.channel)) other(JSON.stringify(push));
      return say(JSON.stringify({ id, publish: {} }));
    }
    return undefined;
  };
  client.on('message', (data) => {
    for (const line of String(data).split('\n')) if (line) take(JSON.parse(line));
  });
  const pinging = setInterval(() => say('{}'), 1000);
  client.on('close', () => {
    clearInterval(pinging);
    channels.leave(say);
  });
});
