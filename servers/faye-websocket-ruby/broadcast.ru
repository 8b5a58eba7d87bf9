# The broadcast server of Ruby's faye-websocket under Puma, both at their defaults. The contract is
# in ../README.md.

require 'faye/websocket'

clients = []

run(lambda do |env|
  next [400, {}, []] unless Faye::WebSocket.websocket?(env)

  client = Faye::WebSocket.new(env)
  client.on(:open) { clients << client }
  client.on(:close) { clients.delete(client) }
  # Text comes as a string and binary as an array of octets; either goes out as what it was. A copy,
  # for Puma's threads let clients in meanwhile.
  client.on(:message) { |event| clients.dup.each { |other| other.send(event.data) } }
  client.rack_response
end)
