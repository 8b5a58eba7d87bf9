// The echo server of nhooyr.io/websocket, at its defaults. The contract is in ../README.md.
package main

import (
	"log"
	"net/http"
	"os"

	"nhooyr.io/websocket"
)

func echo(response http.ResponseWriter, request *http.Request) {
	connection, err := websocket.Accept(response, request, nil)
	if err != nil {
		return
	}
	defer connection.Close(websocket.StatusInternalError, "")
	for {
		kind, message, err := connection.Read(request.Context())
		if err != nil {
			return
		}
		if connection.Write(request.Context(), kind, message) != nil {
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
