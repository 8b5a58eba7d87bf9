// Microsoft's own client: it joins a group, takes a stream of three numbers to its end, sends to the group,
// and is told of it.
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

const counted = () => new Promise((resolve, reject) => {
  let sum = 0;
  connection.stream('Count', 3).subscribe({
    next: (number) => { sum += number; },
    error: reject,
    complete: () => (sum === 6 ? resolve() : reject(new Error(`the stream came to ${sum}`))),
  });
});

connection.on('msg', delivered);
connection
  .start()
  .then(() => connection.invoke('Join', 'red'))
  .then(counted)
  .then(() => connection.send('Send', 'red', TEXT));
