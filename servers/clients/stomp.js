// Clients of @stomp/stompjs, each on a topic of its own, to be recorded. Started with the URL of the server.
'use strict';

const { Client } = require('@stomp/stompjs');
const { WebSocket } = require('ws');
const { talk } = require('../node/serving');

Object.assign(globalThis, { WebSocket });

talk(['red', 'blue', 'green'], (room, heard) => new Promise((resolve, reject) => {
  const client = new Client({
    brokerURL: process.argv[2],
    connectHeaders: { login: 'guest', passcode: 'guest' },
    heartbeatIncoming: 0,
    heartbeatOutgoing: 0,
    reconnectDelay: 0,
  });
  const destination = `/topic/talk.${room}`;
  client.onStompError = ({ headers }) => reject(new Error(headers.message));
  client.onConnect = () => {
    client.watchForReceipt('joined', () => {
      const say = (body) => client.publish({ destination, body, skipContentLengthHeader: true });
      resolve({ say, close: () => client.deactivate() });
    });
    client.subscribe(destination, heard, { receipt: 'joined' });
  };
  client.activate();
}));
