/** Servers on 127.0.0.1 that are not opencode, and ports without a listener. Closing the scope ends each. */
import { Effect, Schedule } from "effect"
import { createServer as createHttpServer, type Server as HttpServer } from "node:http"
import { createServer, type Server, type Socket } from "node:net"
import { patience } from "./patience.ts"

/** A program that was killed a moment ago may still hold the port, so the server waits for it. */
export const listen = (server: Server, port = 0) =>
  Effect.callback<number, Error>((resume) => {
    const onError = (error: Error) => resume(Effect.fail(error))
    server.once("error", onError)
    server.listen(port, "127.0.0.1", () => {
      server.off("error", onError)
      const address = server.address()
      resume(
        address === null || typeof address === "string"
          ? Effect.die(new Error("no port"))
          : Effect.succeed(address.port),
      )
    })
  }).pipe(
    Effect.retry(Schedule.upTo(Schedule.spaced("100 millis"), { duration: patience })),
    Effect.orDie,
    Effect.interruptible,
  )

export const close = (server: Server) =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
  })

/** Listens until the scope closes, which closes the server's connections. Returns the port. */
export const listening = (server: Server & Pick<HttpServer, "closeAllConnections">, port?: number) =>
  Effect.acquireRelease(listen(server, port), () =>
    Effect.suspend(() => {
      server.closeAllConnections()
      return close(server)
    }),
  )

/** A port that was free a moment ago. */
export const freePort = Effect.suspend(() => {
  const server = createServer()
  return Effect.tap(listen(server), () => close(server))
})

/** Accepts every connection and never answers. */
export const silentServer = Effect.suspend(() => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => socket.destroy())
  })
  return Effect.acquireRelease(listen(server), () =>
    Effect.suspend(() => {
      for (const socket of sockets) socket.destroy()
      return close(server)
    }),
  )
})

/** Answers everything with the same web page. */
export const webServer = Effect.suspend(() => {
  const server = createHttpServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Not opencode</title>")
  })
  return listening(server)
})
