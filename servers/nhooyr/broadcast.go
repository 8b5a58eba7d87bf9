// The broadcast server of nhooyr.io/websocket, at its defaults: a goroutine and a queue a client.
// The contract is in ../README.md.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"nhooyr.io/websocket"
)

// A client that is so many messages behind is gone: none may be lost unseen.
const queueLength = 256

type message struct {
	kind  websocket.MessageType
	bytes []byte
}

type queue chan message

var (
	joining  = make(chan queue)
	leaving  = make(chan queue)
	messages = make(chan message)
)

func sendToAll() {
	clients := make(map[queue]bool)
	for {
		select {
		case client := <-joining:
			clients[client] = true
		case client := <-leaving:
			if clients[client] {
				delete(clients, client)
				close(client)
			}
		case message := <-messages:
			for client := range clients {
				select {
				case client <- message:
				default:
					delete(clients, client)
					close(client)
				}
			}
		}
	}
}

func write(connection *websocket.Conn, waiting queue) {
	for message := range waiting {
		if connection.Write(context.Background(), message.kind, message.bytes) != nil {
			return
		}
	}
	connection.Close(websocket.StatusPolicyViolation, "too far behind")
}

func serve(response http.ResponseWriter, request *http.Request) {
	connection, err := websocket.Accept(response, request, nil)
	if err != nil {
		return
	}
	waiting := make(queue, queueLength)
	joining <- waiting
	defer func() { leaving <- waiting }()
	go write(connection, waiting)
	for {
		kind, bytes, err := connection.Read(request.Context())
		if err != nil {
			return
		}
		messages <- message{kind, bytes}
	}
}

func main() {
	go sendToAll()
	http.HandleFunc("/", serve)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
