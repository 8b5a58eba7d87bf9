-- The echo server of Lua's lua-http, at its defaults. The contract is in ../README.md.

local http_server = require "http.server"
local websocket = require "http.websocket"

local function echo(_, stream)
    local headers = assert(stream:get_headers())
    local client = websocket.new_from_stream(stream, headers)
    if not client then
        local refusal = require("http.headers").new()
        refusal:append(":status", "400")
        stream:write_headers(refusal, true)
        return
    end
    assert(client:accept())
    for message, opcode in client:each() do
        assert(client:send(message, opcode))
    end
    client:close()
end

local server = assert(http_server.listen {
    host = "127.0.0.1",
    port = tonumber(os.getenv("PORT")),
    onstream = echo,
    onerror = function() end, -- clients come and go
})
assert(server:listen())
assert(server:loop())
