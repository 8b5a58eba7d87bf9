// A hub as ASP.NET SignalR has them, with its JSON protocol and without negotiation: "Join" adds a client
// to a group and is completed, "Send" invokes "msg" on a group, "Count" streams numbers. Records end in 0x1E; several go out as
// one message where they fall together, and one that comes in parts is put together.
'use strict';

const { WebSocketServer } = require('ws');
const { Rooms, batched, serve } = require('../node/serving');

const END = '\u001e';
const groups = new Rooms();

serve(WebSocketServer, { path: '/hub' }, (client, stats) => {
  const say = batched(client, END, true);
  const invoked = (text) => say(JSON.stringify({ type: 1, target: 'msg', arguments: [text] }));
  const methods = {
    Join: (group) => groups.join(group, invoked),
    Send: (group, text) => {
      stats.messages += 1;
      for (const other of groups.members(group)) other(text);
    },
  };
  let isOpen = false;
  let rest = '';

  const take = (record) => {
    if (!isOpen) {
      isOpen = record.protocol === 'json';
      return say(isOpen ? '{}' : JSON.stringify({ error: 'only json is spoken here' }));
    }
    if (record.type === 4 && record.target === 'Count') {
      stats.messages += 1;
      const { invocationId } = record;
      for (let item = 1; item <= record.arguments[0]; item += 1) {
        say(JSON.stringify({ type: 2, invocationId, item }));
      }
      return say(JSON.stringify({ type: 3, invocationId }));
    }
    if (record.type !== 1) return undefined;
    const error = methods[record.target] ? undefined : `there is no ${record.target}`;
    if (!error) methods[record.target](...record.arguments);
    if (!record.invocationId) return undefined;
    const completion = { type: 3, invocationId: record.invocationId };
    return say(JSON.stringify(error ? { ...completion, error } : completion));
  };

  client.on('message', (data) => {
    const records = (rest + data).split(END);
    rest = records.pop();
    for (const record of records) take(JSON.parse(record));
  });
  const pinging = setInterval(() => say('{"type":6}'), 1000);
  client.on('close', () => {
    clearInterval(pinging);
    groups.leave(invoked);
  });
});
