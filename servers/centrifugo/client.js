// Centrifugo's own client: it subscribes to a channel, publishes to it, and is told of it.
'use strict';

const { Centrifuge } = require('centrifuge');
const { WebSocket } = require('ws');
const { expecting } = require('../node/serving');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
const url = `ws://127.0.0.1:${process.argv[2]}/connection/websocket`;
const client = new Centrifuge(url, { websocket: WebSocket });
const subscription = client.newSubscription('red');
subscription.on('publication', ({ data }) => delivered(data.text));
subscription.on('subscribed', () => subscription.publish({ text: TEXT }));
subscription.subscribe();
client.connect();
