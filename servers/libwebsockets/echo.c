/* The echo server of libwebsockets, at its defaults. The contract is in ../README.md. */

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

/* The library hands over a message in pieces, and wants to be asked before it is written to: so
 * messages wait here, each behind the room that the library needs for the header of a frame. */
struct message {
    struct message *next;
    size_t length;
    enum lws_write_protocol kind;
    unsigned char bytes[];
};

struct client {
    struct message *first, **last; /* whole messages that wait to be sent */
    struct message *partial;       /* the one that is still arriving */
};

/* Adds what arrived to the message in the making; NULL where there is no memory. */
static struct message *grow(struct message *message, struct lws *socket, void *in, size_t length)
{
    size_t before = message ? message->length : 0;
    struct message *grown = realloc(message, sizeof *grown + LWS_PRE + before + length);

    if (!grown)
        return NULL;
    if (!message) {
        grown->next = NULL;
        grown->kind = lws_frame_is_binary(socket) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    }
    grown->length = before + length;
    memcpy(grown->bytes + LWS_PRE + before, in, length);
    return grown;
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
    *client->last = message;
    client->last = &message->next;
    lws_callback_on_writable(socket);
    return 0;
}

static int send_first(struct client *client, struct lws *socket)
{
    struct message *message = client->first;
    int written;

    if (!message)
        return 0;
    client->first = message->next;
    if (!client->first)
        client->last = &client->first;
    else
        lws_callback_on_writable(socket);
    written = lws_write(socket, message->bytes + LWS_PRE, message->length, message->kind);
    free(message);
    return written < 0 ? -1 : 0;
}

static void forget(struct client *client)
{
    while (client->first) {
        struct message *message = client->first;
        client->first = message->next;
        free(message);
    }
    free(client->partial);
}

static int on_event(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct client *client = user;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        memset(client, 0, sizeof *client);
        client->last = &client->first;
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return receive(client, socket, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_first(client, socket);
    case LWS_CALLBACK_CLOSED:
        forget(client);
        return 0;
    default:
        return lws_callback_http_dummy(socket, reason, user, in, length);
    }
}

int main(void)
{
    static const struct lws_protocols protocols[] = {
        {"echo", on_event, sizeof(struct client), 0, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    static const struct lws_extension deflate[] = {
        {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate"},
        {NULL, NULL, NULL},
    };
    struct lws_context_creation_info info;
    struct lws_context *context;
    const char *port = getenv("PORT"), *certificate = getenv("TLS_CERT");

    lws_set_log_level(LLL_ERR, NULL);
    memset(&info, 0, sizeof info);
    info.port = port ? atoi(port) : 0;
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    /* Neither TLS nor compression is there by default. */
    if (getenv("DEFLATE"))
        info.extensions = deflate;
    if (certificate) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = certificate;
        info.ssl_private_key_filepath = getenv("TLS_KEY");
    }
    context = lws_create_context(&info);
    if (!context)
        return 1;
    while (lws_service(context, 0) >= 0)
        ;
    lws_context_destroy(context);
    return 0;
}
