/** Where the relay's script says that a tunnel's end listens, in real shells. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { createServer } from "node:net"
import { close, freePort } from "../../support/loopback.ts"
import { makeHome, shells, startShell } from "./relayShell.ts"

/** A port that listens at the address. */
const listenAt = (host: string) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: ReturnType<typeof createServer>; readonly port: number }, Error>((resume) => {
      const server = createServer()
      server.once("error", (error) => resume(Effect.fail(error)))
      server.listen({ port: 0, host, ipv6Only: host.includes(":") }, () => {
        const address = server.address()
        resume(Effect.succeed({ server, port: typeof address === "object" ? (address?.port ?? 0) : 0 }))
      })
    }),
    ({ server }) => close(server),
  ).pipe(Effect.map(({ port }) => port))

const addresses = [
  ["127.0.0.1", "private"],
  ["127.0.0.2", "private"],
  ["::1", "private"],
  ["0.0.0.0", "open 0.0.0.0"],
  ["::", "open [::]"],
] as const

/** Programs of systems without `/proc/net/tcp`, for a port that does not listen here. */
const programs = [
  ["ss", "LISTEN 0 128 127.0.0.1:PORT 0.0.0.0:*", "private"],
  ["ss", "LISTEN 0 128 [::1]:PORT [::]:*", "private"],
  ["ss", "LISTEN 0 128 0.0.0.0:PORT 0.0.0.0:*", "open 0.0.0.0"],
  ["ss", "LISTEN 0 128 *:PORT *:*", "open 0.0.0.0"],
  ["ss", "LISTEN 0 128 10.0.0.5:PORT 0.0.0.0:*", "open 10.0.0.5"],
  ["netstat", "tcp4       0      0  127.0.0.1.PORT        *.*                    LISTEN", "private"],
  ["netstat", "tcp4       0      0  *.PORT                *.*                    LISTEN", "open 0.0.0.0"],
  ["netstat", "tcp        0      0 0.0.0.0:PORT          0.0.0.0:*               LISTEN", "open 0.0.0.0"],
  ["netstat", "tcp        0      0 127.0.0.1:PORT        127.0.0.1:5             ESTABLISHED", "unknown"],
] as const

layer(NodeServices.layer, { excludeTestServices: true })("The relay's script", (it) => {
  it.effect.each(shells)("in %s says at which addresses a port listens", ([, shell]) =>
    Effect.gen(function* () {
      const { ask } = yield* startShell(yield* makeHome, { shell })
      for (const [host, expected] of addresses) {
        assert.strictEqual(yield* ask("where", String(yield* listenAt(host))), expected, host)
      }
      assert.strictEqual(yield* ask("where", String(yield* freePort)), "unknown")
    }),
  )

  it.effect.each(shells)("in %s asks ss or netstat where there is no /proc", ([, shell]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* makeHome
      const port = yield* freePort
      for (const [index, [program, row, expected]] of programs.entries()) {
        const bin = `${home}/bin${index}`
        yield* fs.makeDirectory(bin)
        const write = (name: string, text: string) => fs.writeFileString(`${bin}/${name}`, text, { mode: 0o755 })
        yield* write("ss", "#!/bin/sh\nexit 1\n")
        yield* write("netstat", "#!/bin/sh\nexit 1\n")
        yield* write(program, `#!/bin/sh\necho '${row.replace("PORT", String(port))}'\n`)
        const { ask } = yield* startShell(home, { shell, env: { PATH: `${bin}:${process.env["PATH"]}` } })
        assert.strictEqual(yield* ask("where", String(port)), expected, row)
      }
    }),
  )
})
