// Phoenix' own client: it joins a topic, pushes to it, and is told of it.
'use strict';

const { Socket } = require('phoenix');
const { WebSocket } = require('ws');
const { expecting } = require('../node/serving');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
const socket = new Socket(`ws://127.0.0.1:${process.argv[2]}/socket`, { transport: WebSocket });
socket.connect();
const channel = socket.channel('room:red', {});
channel.on('msg', ({ text }) => delivered(text));
channel.join().receive('ok', () => channel.push('msg', { text: TEXT }));
