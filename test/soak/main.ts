/** `npm run soak`: many calls at once of the built executable to a fleet of fake instances that come, go, break and hang. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { soak } from "./soak.ts"

/**
 * Of the server's memory, in megabytes. Runs of 12 and 40 minutes grew by 180, to a heap of 190 of which V8 had to keep 39; in
 * between it may have 60 more. With `--max-old-space-size=96` the same works.
 */
const maxGrowth = 250

const command = Command.make(
  "soak",
  {
    minutes: Flag.Finite("minutes").pipe(Flag.withDescription("How long"), Flag.withDefault(3)),
    seed: Flag.String("seed").pipe(Flag.withDescription("Makes the same choices as an earlier run"), Flag.optional),
    instances: Flag.Int("instances").pipe(Flag.withDescription("Number of instances"), Flag.withDefault(8)),
    callers: Flag.Int("callers").pipe(Flag.withDescription("Number of calls at a time"), Flag.withDefault(16)),
  },
  Effect.fnUntraced(function* ({ seed, ...options }) {
    const used = Option.getOrElse(seed, () => String(Date.now()))
    yield* Console.log(`seed ${used}`)
    const { after, before, calls, doubled, errors, lost, turns } = yield* soak({ ...options, seed: used })
    yield* Console.log(
      `${calls} calls, ${turns} turns, ${lost.length} lost, ${doubled.length} doubled, ${errors.length} unexplained errors; ` +
        `${before.megabytes} -> ${after.megabytes} MB, ${before.descriptors} -> ${after.descriptors} descriptors`,
    )
    for (const problem of [...lost, ...doubled, ...errors]) yield* Console.log(`  ${problem}`)
    const hasGrown = after.descriptors > before.descriptors || after.megabytes > before.megabytes + maxGrowth
    if (hasGrown || lost.length + doubled.length + errors.length > 0) process.exitCode = 1
  }),
)

command.pipe(Command.run({ version: "1" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
