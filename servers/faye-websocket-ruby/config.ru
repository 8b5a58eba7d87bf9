# The echo server of Ruby's faye-websocket under Puma, both at their defaults. The contract is in
# ../README.md.

require 'faye/websocket'

run(lambda do |env|
  next [400, {}, []] unless Faye::WebSocket.websocket?(env)

  client = Faye::WebSocket.new(env)
  # Text comes as a string and binary as an array of octets; either goes back as what it was.
  client.on(:message) { |event| client.send(event.data) }
  client.rack_response
end)
