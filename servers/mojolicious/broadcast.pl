#!/usr/bin/env perl
# The broadcast server of Perl's Mojolicious, at its defaults. The contract is in ../README.md.

use Mojolicious::Lite -signatures;

my %clients;

sub send_to_all ($message) {
    $_->send($message) for values %clients;
}

websocket '/' => sub ($client) {
    my $id = $client->tx->connection;
    $clients{$id} = $client;
    # Octets, as they came: text is not decoded and encoded again.
    $client->on(text   => sub ($client, $message) { send_to_all({text   => $message}) });
    $client->on(binary => sub ($client, $message) { send_to_all({binary => $message}) });
    $client->on(finish => sub { delete $clients{$id} });
};

app->start;
