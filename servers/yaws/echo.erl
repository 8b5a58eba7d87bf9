%% The echo server of Yaws, embedded and at its defaults but for its log, which is off. The contract
%% is in ../README.md.
-module(echo).
-export([start/0, out/1, handle_message/1]).

start() ->
    Port = list_to_integer(os:getenv("PORT")),
    Site = [{port, Port},
            {listen, {127, 0, 0, 1}},
            {appmods, [{"/", ?MODULE}]},
            {flags, [{access_log, false}, {auth_log, false}]}],
    ok = yaws:start_embedded(".", Site, [{logdir, "."}], "echo").

%% Each request is for a WebSocket, which this module answers too.
out(_Request) ->
    {websocket, ?MODULE, []}.

handle_message({Kind, Message}) when Kind =:= text; Kind =:= binary ->
    {reply, {Kind, Message}};
handle_message({close, Code, _Reason}) ->
    {close, Code}.
