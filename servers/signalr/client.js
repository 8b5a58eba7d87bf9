// Microsoft's own client: it joins a group, sends to it, and is told of it.
'use strict';

const { HttpTransportType, HubConnectionBuilder, LogLevel } = require('@microsoft/signalr');
const { expecting } = require('../node/serving');

const TEXT = 'grüße';
const delivered = expecting(TEXT);
const connection = new HubConnectionBuilder()
  .withUrl(`http://127.0.0.1:${process.argv[2]}/hub`, {
    skipNegotiation: true,
    transport: HttpTransportType.WebSockets,
  })
  .configureLogging(LogLevel.Error)
  .build();

connection.on('msg', delivered);
connection
  .start()
  .then(() => connection.invoke('Join', 'red'))
  .then(() => connection.send('Send', 'red', TEXT));
