# The broadcast server of Ruby's em-websocket, at its defaults, by a channel of EventMachine. The
# contract is in ../README.md.

require 'em-websocket'

clients = EM::Channel.new

EM::WebSocket.start(host: '127.0.0.1', port: ENV.fetch('PORT').to_i) do |client|
  seat = nil
  client.onopen { seat = clients.subscribe { |kind, message| client.public_send(kind, message) } }
  client.onclose { clients.unsubscribe(seat) }
  client.onmessage { |message| clients.push([:send_text, message]) }
  client.onbinary { |message| clients.push([:send_binary, message]) }
  # Without a handler the process dies at the first invalid frame.
  client.onerror {}
end
