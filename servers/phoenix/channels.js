// Channels as Phoenix has them, version 2 of its serializer: a client joins the topics "room:NAME", and
// what it pushes as "msg" is confirmed and broadcast to the topic.
'use strict';

const { WebSocketServer } = require('ws');
const { Rooms, serve } = require('../node/serving');

const topics = new Rooms();

serve(WebSocketServer, { path: '/socket/websocket' }, (client, stats) => {
  const say = (...message) => client.send(JSON.stringify(message));
  const told = (text) => client.readyState === client.OPEN && client.send(text);
  client.on('message', (data) => {
    const [joinRef, ref, topic, event, payload] = JSON.parse(data);
    const reply = (status, response) => {
      say(joinRef, ref, topic, 'phx_reply', { status, response });
    };
    if (event === 'phx_join' && !topic.startsWith('room:')) {
      return reply('error', { reason: 'unmatched topic' });
    }
    if (event === 'phx_join') topics.join(topic, told);
    if (event === 'phx_leave') topics.leave(told);
    if (event === 'msg') {
      stats.messages += 1;
      const message = JSON.stringify([null, null, topic, event, payload]);
      for (const other of topics.members(topic)) other(message);
    }
    return reply('ok', {});
  });
  client.on('close', () => topics.leave(told));
});
