/** A port that is known before the server behind it has one, as a proxy's is. */
import { Effect } from "effect"
import { connect, createServer, type Socket } from "node:net"
import { close, listen } from "./loopback.ts"

export const makeFrontDoor = Effect.gen(function* () {
  let behind = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(behind, "127.0.0.1")
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on("close", () => open.delete(socket))
      socket.on("error", () => socket.destroy())
    }
    client.pipe(upstream).pipe(client)
  })
  const port = yield* Effect.acquireRelease(listen(server), () =>
    Effect.suspend(() => {
      for (const socket of open) socket.destroy()
      return close(server)
    }),
  )
  return { url: new URL(`http://127.0.0.1:${port}/mcp`), leadTo: (port: number) => void (behind = port) }
})
