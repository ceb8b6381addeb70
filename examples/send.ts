/**
 * Gives an agent work and decides by a rule of its own what it may do: `node examples/send.ts INSTANCE MESSAGE`.
 *
 * Commands that only look are allowed; whatever else the agent asks for ends the program and stays open for a person.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Fleet, fleetLayer, OpencodeClient, type PendingRequest, settle, Settings, Turn, Turns } from "../src/index.ts"

const looks = /^(ls|pwd|git status)\b[^;&|<>`$]*$/u

const harmless = (asked: PendingRequest) =>
  asked.kind === "permission" &&
  asked.request.permission === "bash" &&
  asked.request.patterns.every((command) => looks.test(command))

const program = Effect.gen(function* () {
  const [, , name, text = "ls"] = process.argv
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const turns = yield* Turns
  yield* fleet.use(
    name,
    Effect.fnUntraced(function* (target) {
      const opencode = client.at(target)
      const session = yield* opencode.createSession("From an example")
      let written = 0
      const { outcome, turn } = yield* turns.send(target, session, {
        text,
        ifBusy: "wait",
        patience: 300_000,
        observe: (stage) =>
          Effect.sync(() => {
            if (stage._tag === "Queued") return
            const all = Turn.text(stage.turn)
            process.stdout.write(all.slice(written))
            written = all.length
          }),
        decide: (asked) =>
          asked.kind === "permission" && harmless(asked)
            ? Effect.succeedSome(settle(opencode, session, { ...asked, reply: { reply: "once" } }))
            : Effect.succeedNone,
      })
      yield* Console.log(`\n${outcome._tag} after ${Turn.toolCalls(turn).length} tool calls in ${session.id}`)
    }),
  )
})

program.pipe(
  Effect.provide(Layer.provide(fleetLayer(Settings.fromEnvironment), NodeServices.layer)),
  NodeRuntime.runMain,
)
