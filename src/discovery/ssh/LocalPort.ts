/**
 * A port of 127.0.0.1 that leads to a server on another machine. It stays the same while the connection to that machine is
 * lost and comes back, and no other program can take it over meanwhile, because this process keeps listening.
 */
import { Effect, Schema } from "effect"
import { systemErrorText } from "../../machine/fileError.ts"
import { connect, createServer, type Server, type Socket } from "node:net"

/** This machine has no free port, or does not let the program listen. */
export class NoLocalPort extends Schema.TaggedError<NoLocalPort>()("NoLocalPort", { detail: Schema.String }) {
  override get message() {
    return `no port of this machine could be opened: ${this.detail}`
  }
}

export interface LocalPort {
  readonly port: number
  /** The Unix socket that connections are passed on to. Without one, they are closed. */
  readonly leadTo: (socket: string | undefined) => void
}

/** Passes data in one direction, and ends the other side when this one has ended. */
const pass = (from: Socket, to: Socket) => {
  from.pipe(to)
  from.on("error", () => to.destroy())
  from.on("close", () => {
    // `pipe` has ended it if all data was passed, and what it has not sent yet is still on its way.
    if (!to.writableEnded) to.destroy()
  })
}

const listen = (server: Server) =>
  Effect.callback<number, NoLocalPort>((resume) => {
    const fail = (detail: string) => resume(Effect.fail(new NoLocalPort({ detail })))
    server.once("error", (error) => fail(systemErrorText(error, "listen")))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      if (address === null || typeof address === "string") fail("it has no number")
      else resume(Effect.succeed(address.port))
    })
  })

/** Closing the scope closes the port and its connections. */
export const openLocalPort = Effect.gen(function* () {
  let target: string | undefined
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (target === undefined) {
      client.destroy()
      return
    }
    const remote = connect({ path: target, allowHalfOpen: true })
    for (const socket of [client, remote]) {
      open.add(socket)
      socket.on("close", () => open.delete(socket))
    }
    pass(client, remote)
    pass(remote, client)
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      server.close()
      for (const socket of open) socket.destroy()
    }),
  )
  const localPort: LocalPort = {
    port: yield* listen(server),
    leadTo: (socket) => {
      target = socket
    },
  }
  return localPort
})
