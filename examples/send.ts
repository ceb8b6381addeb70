/**
 * Gives an agent work and decides its permission requests by a rule: `node examples/send.ts INSTANCE MESSAGE`.
 *
 * Commands that only read are allowed. Anything else that the agent asks for ends the program and stays open for a
 * person.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import {
  type DecideRequest,
  Fleet,
  fleetLayer,
  observeTurn,
  OpencodeClient,
  type PermissionRequest,
  requestedActs,
  settle,
  Settings,
  Turn,
  type TurnObserver,
  Turns,
} from "../src/index.ts"

const readOnly = /^(ls|pwd|git status)\b[^;&|<>`$\n]*$/u

// #region rule
/** Without the whole command line and the directory in which it runs, only a person can decide. */
const isReadOnly = (request: PermissionRequest) =>
  request.permission === "bash" &&
  request.hasArguments === true &&
  request.details?.command !== undefined &&
  requestedActs(request).every((command) => readOnly.test(command))
// #endregion

const printText: TurnObserver = (stages) =>
  Effect.suspend(() => {
    let printed = 0
    return Stream.runForEach(stages, (stage) =>
      Effect.sync(() => {
        if (stage._tag === "Queued") return
        const text = Turn.text(stage.turn)
        process.stdout.write(text.slice(printed))
        printed = text.length
      }),
    )
  })

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
      const decide: DecideRequest = (pending) =>
        pending.kind === "permission" && isReadOnly(pending.request)
          ? Effect.succeedSome(settle(opencode, session, { ...pending, reply: { reply: "once" } }))
          : Effect.succeedNone
      const { outcome, turn } = yield* observeTurn(
        (stages) => turns.send(target, session, { text, ifBusy: "wait", timeout: "5 minutes", decide, stages }),
        printText,
      )
      yield* Console.log(`\n${outcome._tag} after ${Turn.toolCalls(turn).length} tool calls in ${session.id}`)
    }),
  )
})
// #endregion

program.pipe(
  Effect.provide(Layer.provide(fleetLayer(Settings.fromEnvironment), NodeServices.layer)),
  // Such as a setting that cannot be used. Without these two lines, Effect logs errors to stdout.
  Effect.tapError(({ message }) => Console.error(message)),
  NodeRuntime.runMain({ disableErrorReporting: true }),
)
