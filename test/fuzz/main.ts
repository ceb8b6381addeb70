/**
 * `npm run fuzz`: sends many malformed and well-formed messages to the built executable over stdio, or requests with `--http`,
 * with a fake instance.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { fuzz, fuzzOverHttp } from "./fuzz.ts"

const command = Command.make(
  "fuzz",
  {
    count: Flag.Int("count").pipe(Flag.withDescription("Number of messages"), Flag.withDefault(20_000)),
    seed: Flag.String("seed").pipe(Flag.withDescription("Repeats an earlier run"), Flag.optional),
    only: Flag.Int("only").pipe(Flag.withDescription("Sends only the message with this number"), Flag.optional),
    http: Flag.Boolean("http").pipe(
      Flag.withDescription("Sends HTTP requests to serve --http instead"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* ({ count, http, only, seed }) {
    const used = Option.getOrElse(seed, () => String(Date.now()))
    yield* Console.log(`seed ${used}`)
    const options = { count, seed: used, only: Option.getOrUndefined(only) }
    const reports = http ? [yield* fuzzOverHttp(options)] : yield* fuzz(options)
    for (const { after, answers, before, era, messages, problems } of reports) {
      yield* Console.log(
        `${era}: ${messages} messages, ${answers} answers, at most ${after.peakMegabytes} MB, ` +
          `${before.descriptors} -> ${after.descriptors} descriptors, ${problems.length} problems`,
      )
      for (const problem of problems) yield* Console.log(`  ${problem}`)
    }
    if (reports.some(({ problems }) => problems.length > 0)) process.exitCode = 1
  }),
)

command.pipe(Command.run({ version: "1" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
