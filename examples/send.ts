/**
 * Gives an agent work and decides by a rule of its own what it may do: `node examples/send.ts INSTANCE MESSAGE`.
 *
 * Commands that only look are allowed; whatever else the agent asks for ends the program and stays open for a person.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import {
  Fleet,
  fleetLayer,
  observeTurn,
  OpencodeClient,
  type PendingRequest,
  settle,
  Settings,
  Turn,
  Turns,
  type TurnStage,
  type TurnStages,
} from "../src/index.ts"

const looks = /^(ls|pwd|git status)\b[^;&|<>`$]*$/u

const harmless = (asked: PendingRequest) =>
  asked.kind === "permission" &&
  asked.request.permission === "bash" &&
  asked.request.patterns.every((command) => looks.test(command))

// #region turn
const program = Effect.gen(function* () {
  const [, , name, text = "ls"] = process.argv
  const fleet = yield* Fleet
  const client = yield* OpencodeClient
  const turns = yield* Turns
  yield* fleet.use(
    name,
    Effect.fnUntraced(function* (target) {
      const opencode = client.at(target)
      const session = yield* opencode.createSession({ title: "From an example" })
      let written = 0
      const show = (stage: TurnStage) =>
        Effect.sync(() => {
          if (stage._tag === "Queued") return
          const all = Turn.text(stage.turn)
          process.stdout.write(all.slice(written))
          written = all.length
        })
      const send = (stages: TurnStages) =>
        turns.send(target, session, {
          text,
          ifBusy: "wait",
          patience: "5 minutes",
          stages,
          decide: (asked) =>
            asked.kind === "permission" && harmless(asked)
              ? Effect.succeedSome(settle(opencode, session, { ...asked, reply: { reply: "once" } }))
              : Effect.succeedNone,
        })
      const { outcome, turn } = yield* observeTurn(send, Stream.runForEach(show))
      yield* Console.log(`\n${outcome._tag} after ${Turn.toolCalls(turn).length} tool calls in ${session.id}`)
    }),
  )
})
// #endregion

program.pipe(
  Effect.provide(Layer.provide(fleetLayer(Settings.fromEnvironment), NodeServices.layer)),
  NodeRuntime.runMain,
)
