/** An opencode that is a shell script on the PATH, started by `connectNew`; HTTP is in memory. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer, Stream } from "effect"
import { type StopSignal, connectNew } from "../../src/connect/connect.ts"
import { makeRelay } from "../discovery/relay/relay.ts"
import { overFake } from "../support/overFake.ts"
import { eventually } from "../support/eventually.ts"

const services = Layer.mergeAll(NodeServices.layer, overFake)
export const test = <A, E, R>(body: Effect.Effect<A, E, R>) => body.pipe(Effect.scoped, Effect.provide(services))

/** Runs until it gets a signal. It is `ready` when it can handle one. */
export const untilSignal = `
trap 'rm "$here/ready"; echo TERM >> "$here/signals"; ls "$here/relay" > "$here/registered"; exit 5' TERM
trap 'rm "$here/ready"; echo INT >> "$here/signals"; exit 6' INT
: > "$here/ready"
while :; do sleep 0.05; done
`

/** Ends at its first start because another program, which it starts itself, has its port. Then runs until it gets a signal. */
export const losingItsPort = `
if [ ! -e "$here/taken" ]; then
  for port; do :; done
  '${process.execPath}' -e '
    require("net").createServer().listen(+process.argv[1], "127.0.0.1", () => require("fs").writeFileSync(process.argv[2], ""))
    setTimeout(() => process.exit(), 5000)
  ' "$port" "$here/taken" &
  while [ ! -e "$here/taken" ]; do sleep 0.05; done
  exit 1
fi
${untilSignal}`

/** A program called opencode of these lines, first on the PATH, with a relay directory beside it. */
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
    /** Waits until it is registered, and would handle a signal. Returns its registrations. */
    started: Effect.andThen(
      until(fs.exists(`${parent}/ready`), (isReady) => isReady),
      until(filesIn(`${parent}/relay`), (files) => files.length > 0),
    ),
    arguments: lineOf("arguments"),
    /** The signals that it received. */
    signals: lineOf("signals"),
    /** The files of the relay directory when it received the first one. */
    registered: lineOf("registered"),
  }
})
type Made = Effect.Success<ReturnType<typeof makeOpencode>>

/** Runs `connectNew` with it. */
export const run = (
  { parent, relayDirectory }: Pick<Made, "parent" | "relayDirectory">,
  {
    args = [],
    stopSignals = Stream.never,
    headless = true,
  }: {
    readonly args?: ReadonlyArray<string>
    readonly stopSignals?: Stream.Stream<StopSignal>
    readonly headless?: boolean
  } = {},
) =>
  connectNew({
    args,
    headless,
    stopSignals,
    relayDirectory,
    stateDirectory: `${parent}/state`,
    connect: { pid: process.pid, log: "/log" },
  })

export const filesIn = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory)).pipe(
    Effect.map((files) => files.filter((file) => !file.startsWith("."))),
  )

export const until = <A, E, R>(read: Effect.Effect<A, E, R>, isDone: (value: A) => boolean) =>
  read.pipe(eventually(isDone, "5 millis"))
