/** A TCP proxy that swallows the requests whose first line matches, so that their sender waits for an answer. */
import { Effect } from "effect"
import { connect, createServer, type Socket } from "node:net"

/** A proxy to a port of 127.0.0.1, on a port of its own. Closing the scope ends it. */
export const makeHoldingProxy = Effect.fnUntraced(function* (to: { readonly port: number }, held: RegExp) {
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer((client) => {
    const upstream = connect(to.port, "127.0.0.1")
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on("error", () => other.destroy()).on("close", () => other.destroy())
    }
    upstream.pipe(client)
    client.on("data", (chunk: Buffer) => {
      if (held.test(chunk.toString("latin1"))) count++
      else upstream.write(chunk)
    })
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(address === null || typeof address === "string" ? 0 : address.port))
      })
    }),
    () =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }),
  )
  return { port, held: Effect.sync(() => count) }
})
