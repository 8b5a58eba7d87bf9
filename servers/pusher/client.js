// Pusher's own client, twice: one of them subscribes to a channel, the other sends to it as well.
'use strict';

const Pusher = require('pusher-js');
const { expecting } = require('../node/serving');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
const connected = () =>
  new Pusher('key', {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: Number(process.argv[2]),
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
  });

const listening = connected().subscribe('red');
listening.bind('client-msg', ({ text }) => delivered(text));
listening.bind('pusher:subscription_succeeded', () => {
  const sending = connected().subscribe('red');
  sending.bind('pusher:subscription_succeeded', () => sending.trigger('client-msg', { text: TEXT }));
});
