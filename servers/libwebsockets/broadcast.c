/* The broadcast server of libwebsockets, at its defaults. The contract is in ../README.md. */

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

/* A message is kept once, behind the room that the library needs for the header of a frame, and
 * freed by the last of the clients that it is for. */
struct message {
    struct message *next;
    unsigned readers; /* clients that it is still to be sent to */
    size_t length;
    enum lws_write_protocol kind;
    unsigned char bytes[];
};

struct client {
    struct client *next;
    struct lws *socket;
    struct message *first;   /* of those that wait to be sent to this client */
    struct message *partial; /* the one that is still arriving */
};

static struct client *clients;
static unsigned client_count;
static struct message *newest;

/* Adds what arrived to the message in the making; NULL where there is no memory. */
static struct message *grow(struct message *message, struct lws *socket, void *in, size_t length)
{
    size_t before = message ? message->length : 0;
    struct message *grown = realloc(message, sizeof *grown + LWS_PRE + before + length);

    if (!grown)
        return NULL;
    if (!message)
        grown->kind = lws_frame_is_binary(socket) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    grown->length = before + length;
    memcpy(grown->bytes + LWS_PRE + before, in, length);
    return grown;
}

static void send_to_all(struct message *message)
{
    struct client *client;

    message->next = NULL;
    message->readers = client_count;
    if (newest)
        newest->next = message;
    newest = message;
    for (client = clients; client; client = client->next) {
        if (!client->first)
            client->first = message;
        lws_callback_on_writable(client->socket);
    }
}

static int receive(struct client *client, struct lws *socket, void *in, size_t length)
{
    struct message *message = grow(client->partial, socket, in, length);

    if (!message)
        return -1;
    client->partial = message;
    if (lws_remaining_packet_payload(socket) || !lws_is_final_fragment(socket))
        return 0;
    client->partial = NULL;
    send_to_all(message);
    return 0;
}

/* Goes on to the client's next message. Who reads a message reads all later ones too, so the oldest
 * is freed first. */
static void done_with_first(struct client *client)
{
    struct message *message = client->first;

    client->first = message->next;
    if (--message->readers)
        return;
    if (newest == message)
        newest = NULL;
    free(message);
}

static int send_first(struct client *client, struct lws *socket)
{
    struct message *message = client->first;
    int written;

    if (!message)
        return 0;
    written = lws_write(socket, message->bytes + LWS_PRE, message->length, message->kind);
    done_with_first(client);
    if (client->first)
        lws_callback_on_writable(socket);
    return written < 0 ? -1 : 0;
}

static void join(struct client *client, struct lws *socket)
{
    memset(client, 0, sizeof *client);
    client->socket = socket;
    client->next = clients;
    clients = client;
    client_count++;
}

static void leave(struct client *client)
{
    struct client **at = &clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    client_count--;
    while (client->first)
        done_with_first(client);
    free(client->partial);
}

static int on_event(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct client *client = user;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        join(client, socket);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return receive(client, socket, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_first(client, socket);
    case LWS_CALLBACK_CLOSED:
        leave(client);
        return 0;
    default:
        return lws_callback_http_dummy(socket, reason, user, in, length);
    }
}

int main(void)
{
    static const struct lws_protocols protocols[] = {
        {"broadcast", on_event, sizeof(struct client), 0, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    struct lws_context_creation_info info;
    struct lws_context *context;
    const char *port = getenv("PORT");

    lws_set_log_level(LLL_ERR, NULL);
    memset(&info, 0, sizeof info);
    info.port = port ? atoi(port) : 0;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    context = lws_create_context(&info);
    if (!context)
        return 1;
    while (lws_service(context, 0) >= 0)
        ;
    lws_context_destroy(context);
    return 0;
}
