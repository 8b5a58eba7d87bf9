// The echo server of golang.org/x/net/websocket, at its defaults: a connection as a stream of
// bytes, copied onto itself as in the package's own example. The contract is in ../README.md.
package main

import (
	"io"
	"log"
	"net/http"
	"os"

	"golang.org/x/net/websocket"
)

func echo(connection *websocket.Conn) {
	_, _ = io.Copy(connection, connection)
}

func main() {
	http.Handle("/", websocket.Handler(echo))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
