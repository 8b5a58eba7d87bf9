// Pusher's own client, connected to the port that is the program's first word.
'use strict';

const Pusher = require('pusher-js');

module.exports = () => new Pusher('key', {
  cluster: '',
  wsHost: '127.0.0.1',
  wsPort: Number(process.argv[2]),
  forceTLS: false,
  enabledTransports: ['ws'],
  disableStats: true,
});
