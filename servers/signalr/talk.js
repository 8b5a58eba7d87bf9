// Clients of @microsoft/signalr, each in a group of its own, to be recorded. Started with the port of the
// server.
'use strict';

const { HttpTransportType, HubConnectionBuilder, LogLevel } = require('@microsoft/signalr');
const { talk } = require('../node/serving');

talk(['red', 'blue', 'green'], async (room, heard) => {
  const connection = new HubConnectionBuilder()
    .withUrl(`http://127.0.0.1:${process.argv[2]}/hub`, {
      skipNegotiation: true,
      transport: HttpTransportType.WebSockets,
    })
    .configureLogging(LogLevel.Error)
    .build();
  connection.on('msg', heard);
  await connection.start();
  await connection.invoke('Join', room);
  return {
    say: (text) => connection.send('Send', room, text),
    close: () => connection.stop(),
  };
});
