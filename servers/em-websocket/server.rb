# The echo server of Ruby's em-websocket, at its defaults. The contract is in ../README.md.

require 'em-websocket'

EM::WebSocket.start(host: '127.0.0.1', port: ENV.fetch('PORT').to_i) do |client|
  client.onmessage { |message| client.send(message) }
  client.onbinary { |message| client.send_binary(message) }
  # Without a handler the process dies at the first invalid frame.
  client.onerror {}
end
