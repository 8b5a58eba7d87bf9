// The broadcast server of gorilla/websocket, at its defaults: a goroutine and a queue a client, and
// a message is framed once. The contract is in ../README.md.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

// A client that is so many messages behind is gone: none may be lost unseen.
const queueLength = 256

type queue chan *websocket.PreparedMessage

var (
	upgrader = websocket.Upgrader{}
	joining  = make(chan queue)
	leaving  = make(chan queue)
	messages = make(chan *websocket.PreparedMessage)
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
	defer connection.Close()
	for message := range waiting {
		if connection.WritePreparedMessage(message) != nil {
			return
		}
	}
}

func serve(response http.ResponseWriter, request *http.Request) {
	connection, err := upgrader.Upgrade(response, request, nil)
	if err != nil {
		return
	}
	waiting := make(queue, queueLength)
	joining <- waiting
	defer func() { leaving <- waiting }()
	go write(connection, waiting)
	for {
		kind, bytes, err := connection.ReadMessage()
		if err != nil {
			return
		}
		message, err := websocket.NewPreparedMessage(kind, bytes)
		if err != nil {
			return
		}
		messages <- message
	}
}

func main() {
	go sendToAll()
	http.HandleFunc("/", serve)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
