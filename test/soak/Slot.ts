/** An opencode whose network and process come and go, and that keeps its sessions. */
import { Effect, FiberSet, FileSystem, Random, Schedule } from "effect"
import type { SessionId } from "../../src/opencode/Identifiers.ts"
import { FakeState, type StoredPrompt } from "../../src/testing/FakeState.ts"
import { permission, session } from "../../src/testing/samples.ts"
import { startFaultyServer, type WireFault } from "../faults/scene/FaultyServer.ts"
import * as wire from "../faults/scene/wireFaults.ts"
import type { Relay } from "../support/Executable.ts"
import { pick } from "../support/pick.ts"

const faults: ReadonlyArray<WireFault> = [
  wire.lost,
  wire.cutBeforeAnswer,
  wire.cutInHead,
  wire.cutInBody,
  wire.cutInChunks,
  wire.cutInGzip,
  wire.proxyPage(502),
  wire.proxyPageAfter(504),
  wire.hang,
  wire.hangAfter,
  wire.hangInBody,
]

/** Of all requests. */
const faultRate = 0.04
/** Of all turns. */
const permissionRate = 0.1

/** Then a person decides at the terminal. */
const untilDecided = Schedule.upTo(Schedule.spaced("50 millis"), { duration: "10 seconds" })

const sessionsPerSlot = 3

/** Every connection can meet a fault, event streams included. */
const sometimes: WireFault = (exchange) =>
  Effect.gen(function* () {
    const isFaulty = (yield* Random.next) < faultRate
    const fault = isFaulty ? yield* pick(faults) : undefined
    yield* fault === undefined ? exchange.pass : fault(exchange)
  })

export const answerTo = (text: string) => `Answer to ${text}`

/** Works on each prompt for a while, and sometimes asks for a permission first. */
const makeAgent = Effect.fnUntraced(function* (fake: FakeState) {
  const run = yield* FiberSet.makeRuntime<never>()
  const work = Effect.fnUntraced(function* (prompt: StoredPrompt) {
    yield* Effect.sleep(yield* Random.nextIntBetween(20, 1500))
    if ((yield* Random.next) < permissionRate) {
      const asked = permission(prompt.messageID, prompt.session)
      fake.permissions.push(asked)
      yield* Effect.sync(() => fake.permissions.includes(asked)).pipe(
        Effect.repeat({ while: (isOpen) => isOpen, schedule: untilDecided }),
      )
      fake.permissions = fake.permissions.filter((other) => other !== asked)
    }
    fake.complete(prompt, answerTo(prompt.text))
  })
  fake.onPrompt = (prompt) => {
    fake.take(prompt)
    run(work(prompt))
  }
})

export interface Slot {
  readonly name: string
  readonly fake: FakeState
  readonly sessions: ReadonlyArray<SessionId>
}

const nameOf = (index: number) => `soak-${index}`

export const unregister = Effect.fnUntraced(function* ({ directory }: Relay, index: number) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.ignore(fs.remove(`${directory}/${nameOf(index)}.json`))
})

/** Closing the scope ends it. */
export const startSlot = Effect.fnUntraced(function* (relay: Relay, index: number) {
  const api = index % 2 === 0 ? 1 : 2
  const fake = new FakeState({ api })
  const name = nameOf(index)
  fake.pid = 5_000_000 + index
  // A turn tells earlier messages from later ones by their time.
  fake.now = () => Date.now()
  fake.sessions = Array.from({ length: sessionsPerSlot }, (_, number) => session(`soak${index}x${number}`))
  yield* makeAgent(fake)
  const life = Effect.gen(function* () {
    const port = yield* startFaultyServer(fake, [{ at: /./u, fault: sometimes }])
    yield* relay.register(name, { port, api, directory: "/work/project" })
    for (let rest = yield* Random.nextIntBetween(2, 12); rest > 0; rest--) {
      yield* Effect.sleep(yield* Random.nextIntBetween(500, 2500))
      if ((yield* Random.next) < 0.3) fake.cut()
    }
    if (yield* Random.nextBoolean) yield* unregister(relay, index)
  }).pipe(
    Effect.scoped,
    // Nothing listens: the process is restarted, on another port.
    Effect.andThen(Effect.flatMap(Random.nextIntBetween(0, 3000), Effect.sleep)),
  )
  yield* Effect.forkScoped(Effect.forever(life))
  const slot: Slot = { name, fake, sessions: fake.sessions.map(({ id }) => id) }
  return slot
})
