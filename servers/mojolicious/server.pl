#!/usr/bin/env perl
# The echo server of Perl's Mojolicious, at its defaults. The contract is in ../README.md.

use Mojolicious::Lite -signatures;

websocket '/' => sub ($client) {
    # Octets, as they came: text is not decoded and encoded again.
    $client->on(text   => sub ($client, $message) { $client->send({text   => $message}) });
    $client->on(binary => sub ($client, $message) { $client->send({binary => $message}) });
};

app->start;
