/* The echo server of CivetWeb, at its defaults but for its threads. The contract is in
 * ../README.md. */

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What has arrived of a message in fragments, which the library hands over frame by frame. */
struct message {
    int opcode;
    size_t length;
    char *bytes;
};

static void forget(struct message *message)
{
    free(message->bytes);
    memset(message, 0, sizeof *message);
}

static int echo_frame(struct mg_connection *connection, int bits, char *data, size_t length)
{
    struct message *partial = mg_get_user_connection_data(connection);
    int opcode = bits & 0xf, is_final = bits & 0x80, written;
    char *grown;

    if (is_final && opcode != MG_WEBSOCKET_OPCODE_CONTINUATION)
        return mg_websocket_write(connection, opcode, data, length) > 0;
    if (opcode != MG_WEBSOCKET_OPCODE_CONTINUATION) {
        forget(partial);
        partial->opcode = opcode;
    }
    grown = realloc(partial->bytes, partial->length + length + 1);
    if (!grown)
        return 0;
    memcpy(grown + partial->length, data, length);
    partial->bytes = grown;
    partial->length += length;
    if (!is_final)
        return 1;
    written = mg_websocket_write(connection, partial->opcode, partial->bytes, partial->length);
    forget(partial);
    return written > 0;
}

/* Pings and close frames are the program's to answer. */
static int on_data(struct mg_connection *connection, int bits, char *data, size_t length,
                   void *ignored)
{
    (void)ignored;
    switch (bits & 0xf) {
    case MG_WEBSOCKET_OPCODE_PING:
        return mg_websocket_write(connection, MG_WEBSOCKET_OPCODE_PONG, data, length) > 0;
    case MG_WEBSOCKET_OPCODE_PONG:
        return 1;
    case MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE:
        mg_websocket_write(connection, MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE, data, length);
        return 0;
    default:
        return echo_frame(connection, bits, data, length);
    }
}

static int on_connect(const struct mg_connection *connection, void *ignored)
{
    struct message *partial = calloc(1, sizeof *partial);

    (void)ignored;
    mg_set_user_connection_data((struct mg_connection *)connection, partial);
    return partial == NULL;
}

static void on_close(const struct mg_connection *connection, void *ignored)
{
    struct message *partial = mg_get_user_connection_data(connection);

    (void)ignored;
    if (partial)
        forget(partial);
    free(partial);
}

int main(void)
{
    char address[32];
    /* A connection keeps a thread for as long as it lasts, and there are 50 by default. */
    const char *options[] = {"listening_ports", address, "num_threads", "1100", NULL};
    struct mg_callbacks callbacks;
    struct mg_context *context;

    snprintf(address, sizeof address, "127.0.0.1:%s", getenv("PORT"));
    memset(&callbacks, 0, sizeof callbacks);
    mg_init_library(0);
    context = mg_start(&callbacks, NULL, options);
    if (!context)
        return 1;
    mg_set_websocket_handler(context, "/", on_connect, NULL, on_data, on_close, NULL);
    for (;;)
        pause();
}
