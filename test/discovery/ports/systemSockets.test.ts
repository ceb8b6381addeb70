/** The operating system's own list, with sockets that this process opens. */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type Listening, ListeningSockets } from "../../../src/discovery/ports/ListeningSockets.ts"
import * as SystemSockets from "../../../src/discovery/ports/systemSockets.ts"
import { webServer } from "../../support/loopback.ts"

const at = (port: number) => (all: ReadonlyArray<Listening>) => all.filter((one) => one.port === port)

layer(Layer.provide(SystemSockets.layer, NodeServices.layer), { excludeTestServices: true })(
  "The sockets that listen on this machine",
  (it) => {
    it.effect("are listed with their owners until they are closed", () =>
      Effect.gen(function* () {
        const { list } = yield* ListeningSockets
        const port = yield* Effect.scoped(
          Effect.gen(function* () {
            const port = yield* webServer
            const [socket, ...others] = at(port)(yield* list)
            assert.lengthOf(others, 0)
            assert.strictEqual(socket?.address, "127.0.0.1")
            assert.strictEqual(socket?.owner?.pid, process.pid)
            assert.isFalse(socket?.owner?.isOpencode)
            const another = yield* webServer
            const both = yield* list
            assert.deepStrictEqual(at(port)(both), socket === undefined ? [] : [socket])
            assert.strictEqual(at(another)(both)[0]?.owner?.pid, process.pid)
            return port
          }),
        )
        assert.deepStrictEqual(at(port)(yield* list), [])
      }),
    )
  },
)
