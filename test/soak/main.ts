/** `npm run soak`: many calls at once of the built executable to a fleet of fake instances that come, go, break and hang. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { Resources } from "./ServerProcess.ts"
import { grown, soak } from "./soak.ts"

/**
 * Of the server's memory, in megabytes. Runs of 12 and 40 minutes grew by 180, to a heap of 190 of which V8 had to keep 39; in
 * between it may have 60 more. With `--max-old-space-size=96` the same works.
 */
const maxGrowth = 250

/** Minutes without calls after which all that a server keeps for its clients and about lost instances has expired. */
const expiresAfter = 11

/**
 * Of its heap when that has expired, in megabytes: 8 for code that was compiled, 5 for the last tasks, and what is kept by
 * number. A run of 2,400 calls grew by 17, as one of half as many.
 */
const maxHeapGrowth = 25

const shown = ({ descriptors, fibers, heap, megabytes, sockets, timers }: Resources) =>
  `${megabytes} MB (heap ${heap}), ${descriptors} descriptors, ${fibers} fibers, ${sockets} sockets, ${timers} timers`

const command = Command.make(
  "soak",
  {
    minutes: Flag.Finite("minutes").pipe(Flag.withDescription("How long"), Flag.withDefault(3)),
    seed: Flag.String("seed").pipe(Flag.withDescription("Makes the same choices as an earlier run"), Flag.optional),
    instances: Flag.Int("instances").pipe(Flag.withDescription("Number of instances"), Flag.withDefault(8)),
    callers: Flag.Int("callers").pipe(Flag.withDescription("Number of calls at a time"), Flag.withDefault(16)),
    http: Flag.Boolean("http").pipe(
      Flag.withDescription("One server over HTTP, whose clients come and go"),
      Flag.withDefault(false),
    ),
    idle: Flag.Finite("idle").pipe(
      Flag.withDescription(`Minutes without calls at the end; from ${expiresAfter} on, the heap must be as before`),
      Flag.withDefault(0),
    ),
  },
  Effect.fnUntraced(function* ({ seed, ...options }) {
    const used = Option.getOrElse(seed, () => String(Date.now()))
    yield* Console.log(`seed ${used}`)
    const { after, before, calls, doubled, errors, lost, turns } = yield* soak({ ...options, seed: used })
    yield* Console.log(
      `${calls} calls, ${turns} turns, ${lost.length} lost, ${doubled.length} doubled, ${errors.length} unexplained errors`,
    )
    yield* Console.log(`before: ${shown(before)}`)
    yield* Console.log(`after:  ${shown(after)}`)
    for (const problem of [...lost, ...doubled, ...errors]) yield* Console.log(`  ${problem}`)
    const hasGrown =
      grown(before, after).length > 0 ||
      after.megabytes > before.megabytes + maxGrowth ||
      (options.idle >= expiresAfter && after.heap > before.heap + maxHeapGrowth)
    if (hasGrown || lost.length + doubled.length + errors.length > 0) process.exitCode = 1
  }),
)

command.pipe(Command.run({ version: "1" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
