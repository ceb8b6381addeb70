/** A simulated tailscaled and `tailscale`, in a directory that is removed with the scope. */
import { assert } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Path } from "effect"
import { createServer, type RequestListener } from "node:http"
import type { Socket } from "node:net"
import type { TailscaleError } from "../../../src/discovery/tailscale/errors.ts"
import { Tailnet, TailscaleAccess } from "../../../src/discovery/tailscale/Tailnet.ts"
import { plainLine } from "../../../src/text/plainText.ts"

export const makeAccess = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "tailnet-" })
  const socket = path.join(directory, "tailscaled.sock")
  const command = path.join(directory, "tailscale")

  /** Makes this listener answer on the socket. */
  const listen = (answer: RequestListener) => {
    const sockets = new Set<Socket>()
    const server = createServer(answer).on("connection", (one) => sockets.add(one))
    return Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen(socket, () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          for (const one of sockets) one.destroy()
          server.close(() => resume(Effect.void))
        }),
    )
  }

  /** Installs this shell script as the command. */
  const install = (script: string) =>
    Effect.andThen(fs.writeFileString(command, `#!/bin/sh\n${script}\n`), fs.chmod(command, 0o755))

  /** The access to the tailnet. The first command never exists. */
  const tailnet = Layer.build(Tailnet.layer).pipe(
    Effect.map((services) => Context.get(services, Tailnet)),
    Effect.provideService(TailscaleAccess, { socket, commands: [path.join(directory, "none"), command] }),
  )
  return { directory, socket, command, listen, install, tailnet }
})

/** Answers every request the same way. */
export const answer =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end(body)

export type Access = Effect.Success<typeof makeAccess>

export const read = (access: Access) => Effect.flatMap(access.tailnet, ({ read }) => read)

/** Asserts that reading the status fails with this tag, in one line that contains these texts. */
export const trouble = (access: Access, tag: TailscaleError["_tag"], ...said: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { _tag, message } = yield* Effect.flip(read(access))
    assert.strictEqual(_tag, tag, message)
    for (const word of said) assert.include(message, word)
    assert.strictEqual(message, plainLine(message))
    return message
  })

/** Makes the command print this text. */
export const printing = (access: Access, text: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFileString(`${access.directory}/out.json`, text)
    yield* access.install(`cat ${access.directory}/out.json`)
  })
