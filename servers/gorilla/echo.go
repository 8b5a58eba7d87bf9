// The echo server of gorilla/websocket, at its defaults. The contract is in ../README.md.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

// Compression is off by default.
var upgrader = websocket.Upgrader{EnableCompression: os.Getenv("DEFLATE") == "1"}

func echo(response http.ResponseWriter, request *http.Request) {
	connection, err := upgrader.Upgrade(response, request, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil {
			return
		}
		if connection.WriteMessage(kind, message) != nil {
			return
		}
	}
}

func main() {
	http.HandleFunc("/", echo)
	address := "127.0.0.1:" + os.Getenv("PORT")
	// No TLS by default.
	if certificate := os.Getenv("TLS_CERT"); certificate != "" {
		log.Fatal(http.ListenAndServeTLS(address, certificate, os.Getenv("TLS_KEY"), nil))
	}
	log.Fatal(http.ListenAndServe(address, nil))
}
