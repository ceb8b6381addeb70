/** `opencode-fleet instances --watch` in a terminal: the fleet as it changes, and keys that work with it. */
import { Cause, Console, Effect, Option, Queue, Ref, Stream, Terminal } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { refusal } from "../../opencode/requests/decision.ts"
import type { FleetView } from "../../tools/instances/instanceSchemas.ts"
import { decideRequest } from "./decideRequest.ts"
import { type DashboardAction, type DashboardState, firstState, press, shownInstances } from "../terminal/dashboard.ts"
import { dashboardLines } from "../terminal/dashboardView.ts"
import { homePath } from "../terminal/homePath.ts"
import { liveView } from "../terminal/liveView.ts"
import { style } from "../terminal/style.ts"
import { width } from "../terminal/terminal.ts"
import { answerQuestion } from "../commands/answer.ts"
import { approvePermission } from "../commands/approve.ts"
import { readSession } from "../commands/read.ts"
import { confirmed } from "../arguments/choose.ts"
import { chosenSession } from "../arguments/session.ts"

interface DashboardViews {
  /** The fleet as it is known. */
  readonly current: Effect.Effect<FleetView>
  /** The fleet when everything that waits is known. */
  readonly settled: Effect.Effect<FleetView>
  /** Scans and asks every instance. */
  readonly refreshed: Effect.Effect<void>
}

/** The fleet after each change and when the window's size changes, and every two seconds because ages change. */
export const fleetUpdates = ({ current, settled }: DashboardViews) =>
  Effect.gen(function* () {
    const { changes } = yield* Fleet
    const resized = Stream.fromQueue(yield* (yield* Terminal.Terminal).size)
    const now = Stream.merge(Stream.tick("2 seconds"), resized)
    return Stream.merge(
      Stream.mapEffect(changes, () => settled),
      Stream.mapEffect(now, () => current),
    )
  }).pipe(Stream.unwrap)

type Event =
  | { readonly _tag: "Fleet"; readonly fleet: FleetView }
  | { readonly _tag: "Key"; readonly input: Terminal.UserInput }
  | { readonly _tag: "NoMoreKeys" }

const again = { _tag: "Again" } as const

type Draw = Effect.Success<typeof liveView>

/** Draws until a key asks for something. Esc ends the keys, too, which are then read anew. */
const untilAction = Effect.fnUntraced(function* (views: DashboardViews, state: Ref.Ref<DashboardState>, draw: Draw) {
  const terminal = yield* Terminal.Terminal
  const latest = yield* Ref.make(yield* views.current)
  const redraw = Effect.gen(function* () {
    const room = { style: yield* style, path: yield* homePath, columns: yield* width, rows: yield* terminal.rows }
    yield* draw(dashboardLines(yield* Ref.get(latest), yield* Ref.get(state), room))
  })
  const fleets = Stream.map(fleetUpdates(views), (fleet): Event => ({ _tag: "Fleet", fleet }))
  const keys = Stream.fromQueue(yield* terminal.readInput).pipe(
    Stream.map((input): Event => ({ _tag: "Key", input })),
    Stream.concat(Stream.make<ReadonlyArray<Event>>({ _tag: "NoMoreKeys" })),
  )
  let last = ""
  const take = Effect.fnUntraced(function* (event: Event) {
    let action: DashboardAction | typeof again | undefined
    if (event._tag === "Fleet") yield* Ref.set(latest, event.fleet)
    else if (event._tag === "NoMoreKeys") action = last === "escape" ? again : { _tag: "Interrupt" }
    else {
      last = event.input.key.name
      const now = yield* Ref.get(state)
      const pressed = press(now, event.input, shownInstances(yield* Ref.get(latest), now))
      yield* Ref.set(state, pressed.state)
      action = pressed.action
    }
    yield* redraw
    return Option.fromUndefinedOr(action)
  })
  yield* redraw
  return yield* Stream.merge(fleets, keys).pipe(
    Stream.mapEffect(take),
    Stream.filter(Option.isSome),
    Stream.runHead,
    Effect.map(Option.flatten),
  )
}, Effect.scoped)

/** Updates one table until a key asks for something that writes below it, or ends the dashboard. */
const untilWork = Effect.fnUntraced(function* (views: DashboardViews, state: Ref.Ref<DashboardState>) {
  const draw = yield* liveView
  while (true) {
    const action = Option.getOrElse(yield* untilAction(views, state, draw), () => ({ _tag: "Interrupt" }) as const)
    if (action._tag === "Refresh") yield* views.refreshed
    else if (action._tag !== "Again") return action
  }
}, Effect.scoped)

/** The newest messages of a session that is opened. `read` shows more. */
const messagesShown = 20

/** Shows a session as it goes on, until any key returns to the table. */
const open = Effect.fnUntraced(function* (instance: string) {
  const session = yield* chosenSession(instance, Option.none())
  const terminal = yield* Terminal.Terminal
  yield* Console.error("Any key returns to the table.")
  const aKey = Effect.scoped(Effect.flatMap(terminal.readInput, (keys) => Effect.exit(Queue.take(keys))))
  yield* Effect.raceFirst(
    readSession({
      instance: Option.some(instance),
      session: Option.some(session),
      limit: messagesShown,
      before: Option.none(),
      message: Option.none(),
      follow: true,
      asJson: false,
    }),
    Effect.asVoid(aKey),
  )
})

type Work = Exclude<DashboardAction, { _tag: "Quit" | "Interrupt" | "Refresh" }>

const work = Effect.fnUntraced(function* (action: Work) {
  const place = { instance: Option.some(action.instance), session: Option.none() }
  const decision = { ...place, id: Option.none(), follow: false, asJson: false }
  switch (action._tag) {
    case "Open":
      return yield* open(action.instance)
    case "Allow":
      return yield* action.kind === "permission"
        ? approvePermission({ ...decision, always: false, yes: false })
        : answerQuestion({ ...decision, texts: [] })
    case "Reject":
      return yield* decideRequest(decision, {
        kinds: ["permission", "question"],
        decide: (pending) =>
          Effect.map(confirmed("Reject this, which ends the agent's turn?"), (yes) =>
            yes ? refusal(pending) : undefined,
          ),
      })
  }
})

/** Runs until the person quits. What an action prints stays above the table. */
export const runDashboard = Effect.fnUntraced(function* (views: DashboardViews) {
  const state = yield* Ref.make(firstState)
  while (true) {
    const action = yield* untilWork(views, state)
    switch (action._tag) {
      case "Quit":
        return
      case "Interrupt":
        return yield* Effect.interrupt
      default:
        yield* work(action).pipe(
          // What went wrong is no reason to end the dashboard, nor is a list that the person closed.
          Effect.catchTag("CommandFailed", ({ reason }) => Console.error(reason)),
          Effect.catchTag("ChosenOutcome", () => Effect.void),
          Effect.catchCauseIf(Cause.hasInterruptsOnly, () => Effect.void),
        )
    }
  }
})
