/** An opencode that is a shell script on the PATH, started as `connect` does it; HTTP is in memory. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer, Schedule, Stream } from "effect"
import { type StopSignal, connectNew } from "../../src/connect/connect.ts"
import { Settings, type SettingsValues } from "../../src/Settings.ts"
import { makeRelay } from "../discovery/relay/relay.ts"
import { overFake } from "../support/overFake.ts"

const services = Layer.mergeAll(NodeServices.layer, overFake)
export const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

/** Goes on until it is asked to end. */
export const untilAsked = `
trap 'echo TERM >> "$here/asked"; ls "$here/relay" > "$here/registered"; exit 5' TERM
trap 'echo INT >> "$here/asked"; exit 6' INT
while :; do sleep 0.05; done
`

/** A program called opencode, of these lines, in front of all others on the PATH; and a relay directory beside it. */
export const makeOpencode = Effect.fnUntraced(function* (lines: string) {
  const fs = yield* FileSystem.FileSystem
  const { parent } = yield* makeRelay
  const script = `#!/bin/sh\nhere=\${0%/*}\nprintf '%s\\n' "$@" > "$here/arguments"\n${lines}`
  yield* fs.writeFileString(`${parent}/opencode`, script, { mode: 0o755 })
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const before = process.env["PATH"]
      process.env["PATH"] = `${parent}:${before}`
      return before
    }),
    (before) => Effect.sync(() => (process.env["PATH"] = before)),
  )
  const lineOf = (file: string) =>
    fs.readFileString(`${parent}/${file}`).pipe(
      Effect.map((text) => text.trim().split("\n")),
      Effect.orElseSucceed((): ReadonlyArray<string> => []),
    )
  return {
    parent,
    relayDirectory: `${parent}/relay`,
    arguments: lineOf("arguments"),
    /** The signals that it got. */
    asked: lineOf("asked"),
    /** What was in the relay directory when it got one. */
    registered: lineOf("registered"),
  }
})
type Made = Effect.Success<ReturnType<typeof makeOpencode>>

/** Starts it as `connect` does. */
export const run = (
  { relayDirectory }: Pick<Made, "relayDirectory">,
  {
    args = [],
    stopSignals = Stream.never,
    headless = true,
    settings = {},
  }: {
    readonly args?: ReadonlyArray<string>
    readonly stopSignals?: Stream.Stream<StopSignal>
    readonly headless?: boolean
    readonly settings?: Partial<SettingsValues>
  } = {},
) =>
  connectNew({ args, headless, stopSignals, connect: { pid: process.pid, log: "/log" } }).pipe(
    Effect.provide(Settings.layerOf({ relayDirectory, ...settings })),
  )

export const filesIn = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory)).pipe(
    Effect.map((files) => files.filter((file) => !file.startsWith("."))),
  )

export const until = <A, E, R>(look: Effect.Effect<A, E, R>, found: (now: A) => boolean) =>
  look.pipe(Effect.repeat({ until: found, schedule: Schedule.spaced("5 millis") }), Effect.timeout("10 seconds"))
