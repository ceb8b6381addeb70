/** `opencode-fleet notify` over a real opencode of each version. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { makeRelay, type Relay } from "../support/Executable.ts"
import * as facts from "../support/facts.ts"
import { eventually } from "../support/eventually.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"
import { beginCommand } from "../support/runCommand.ts"

const Told = Schema.Struct({
  event: Schema.String,
  instance: Schema.String,
  session_id: Schema.optional(Schema.String),
  text: Schema.String,
  command: Schema.String,
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Told))

/** Starts it with a command that appends what it is told to a file. */
const notify = (relay: Relay) =>
  beginCommand(relay, ["notify", "--exec", 'cat >> "$HOME/told"'], { variables: { DISCOVERY_INTERVAL_MS: "500" } })

const told = (relay: Relay) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* fs.readFileString(`${relay.home}/told`).pipe(Effect.orElseSucceed(() => ""))
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => decode(line))
  })

/** Waits until something like that was told about the session. */
const isTold = (relay: Relay, event: string, session?: string) =>
  told(relay).pipe(
    eventually((all) => all.some((one) => one.event === event && one.session_id === session)),
    Effect.map((all) => all.find((one) => one.event === event && one.session_id === session)),
  )

onBothVersions((api) => {
  layer(RealOpencode.layer({ api, permission: "ask" }), { excludeTestServices: true })("notify", (it) => {
    it.effect("tells once what waits, what is done, and what is gone, also across a restart", () =>
      Effect.gen(function* () {
        const opencode = yield* RealOpencode
        const relay = yield* makeRelay()
        yield* relay.register("main", opencode)
        const before = (yield* facts.createSession(opencode, "Waits before")).id
        yield* facts.prompt(opencode, before, "run: echo from-$((40 + 2))")
        yield* facts.pending(opencode, "permission", before).pipe(eventually(({ length }) => length > 0))

        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* notify(relay)
            assert.deepInclude(yield* isTold(relay, "waiting", before), {
              instance: "main",
              command: `opencode-fleet approve main ${before}`,
            })
            const [permission = ""] = yield* facts.pending(opencode, "permission", before)
            yield* facts.allow(opencode, before, permission)
            assert.deepInclude(yield* isTold(relay, "done", before), {
              text: "Done: from-42",
              command: `opencode-fleet read main ${before}`,
            })
            const failing = (yield* facts.createSession(opencode, "Fails")).id
            yield* facts.prompt(opencode, failing, "fail:401")
            yield* isTold(relay, "failed", failing)
            const asking = (yield* facts.createSession(opencode, "Asks")).id
            yield* facts.prompt(opencode, asking, "ask: Which colour? | Red | Blue")
            assert.include((yield* isTold(relay, "waiting", asking))?.command, `opencode-fleet answer main ${asking}`)
          }),
        )

        const again = yield* notify(relay)
        // It is watching the instance when it has printed what waits.
        yield* again.stdout.pipe(eventually((text) => text.includes("main waits for you: Asks")))
        const after = (yield* facts.createSession(opencode, "After")).id
        yield* facts.prompt(opencode, after, "say:hello")
        yield* isTold(relay, "done", after)
        yield* opencode.kill
        yield* isTold(relay, "gone")
        const events = (yield* told(relay)).map(({ event, session_id }) => `${event} ${session_id}`)
        assert.strictEqual(new Set(events).size, events.length, events.join("\n"))
        assert.lengthOf(events, 6)
      }),
    )
  })
})
