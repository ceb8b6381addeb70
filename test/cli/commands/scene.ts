/** A command of the terminal over a fleet of one fake opencode, named `fake`, with one session. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Stream } from "effect"
import { TestConsole } from "effect/testing"
import { ChosenOutcome, CommandFailed } from "../../../src/cli/process/exitStatus.ts"
import { Discovery, type Scan } from "../../../src/discovery/Discovery.ts"
import { Identification } from "../../../src/discovery/identification/Identification.ts"
import { Attention } from "../../../src/fleet/attention/Attention.ts"
import { Fleet } from "../../../src/fleet/Fleet.ts"
import { HealthCheck } from "../../../src/fleet/HealthCheck.ts"
import { Settings } from "../../../src/Settings.ts"
import { FakeOpencode } from "../../../src/testing/FakeOpencode.ts"
import { session } from "../../../src/testing/samples.ts"
import { announcement } from "../../discovery/announcements.ts"
import { overFake, pass, target } from "../../support/overFake.ts"
import { fakeTerminal } from "../terminal/fakeTerminal.ts"

const announced: Scan = { announcements: [announcement("fake", 4096, { url: target.url })], problems: [] }

/** `scan`: what the discovery finds. */
export const overTheFakeFound = (scan: () => Scan) =>
  Attention.layer().pipe(
    Layer.provideMerge(Fleet.layer()),
    Layer.provide([
      HealthCheck.layer(),
      Identification.layer(),
      Layer.succeed(Discovery, { scan: Effect.sync(scan), changes: Stream.empty }),
    ]),
    Layer.provideMerge(Settings.layerOf({ relayDirectory: "/relay", sendTimeout: 60_000 })),
    Layer.provideMerge(overFake),
  )

export const overTheFake = overTheFakeFound(() => announced)

/** What is typed into each form, in turn; see `fakeTerminal`. */
export type Typed = Parameters<typeof fakeTerminal>[0]

/** Starts the command in a terminal with this input; without input there is no terminal. */
export const startCommand = Effect.fnUntraced(function* <E, R>(command: Effect.Effect<void, E, R>, typed?: Typed) {
  const fake = yield* FakeOpencode
  if (fake.sessions.length === 0) fake.sessions = [session("main")]
  const { layer, written } = fakeTerminal(typed)
  const fiber = yield* command.pipe(Effect.provide(layer({ canPrompt: typed !== undefined })), Effect.forkChild)
  yield* pass(500)
  return { fake, fiber, stdout: written, stderr: Effect.map(TestConsole.errorLines, (lines) => lines.join("\n")) }
})

/** The command's exit status and reason. */
export const resultOf = Effect.fnUntraced(function* <E>(
  { fiber }: { readonly fiber: Fiber.Fiber<void, E> },
  milliseconds = 500,
) {
  yield* pass(milliseconds)
  const exit = yield* Fiber.await(fiber)
  if (Exit.isSuccess(exit)) return { status: 0, reason: "" }
  const error = Option.getOrThrow(Exit.findErrorOption(exit))
  if (error instanceof ChosenOutcome) return { status: error.status, reason: "" }
  assert.instanceOf(error, CommandFailed)
  return { status: error.status, reason: error.reason }
})
