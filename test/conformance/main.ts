/**
 * `npm run test:conformance`: runs the conformance suite of MCP against the endpoint over HTTP, and prints what passes. The
 * suite is installed from npm.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Option, References } from "effect"
import { Command, Flag } from "effect/cli"
import { table } from "../../src/cli/terminal/table.ts"
import { install } from "../clients/install.ts"
import { expected } from "./expected.ts"
import { judge } from "./judge.ts"
import { servers } from "./servers.ts"
import { revisions, runSuite, suitePackage, suiteVersion } from "./suite.ts"

const runAll = Effect.fnUntraced(function* (bin: string) {
  const verdicts = []
  for (const { serve, target, title: server } of servers) {
    const url = yield* serve
    for (const revision of revisions) {
      const verdict = judge({ target, revision, scenarios: yield* runSuite(bin, url, revision) }, expected)
      const title = `${server} ${revision}`
      yield* Console.error(`${verdict.problems.length === 0 ? "ok" : "FAILED"}  ${title}`)
      for (const problem of verdict.problems) yield* Console.error(`        ${problem}`)
      verdicts.push({ title, ...verdict })
    }
  }
  return verdicts
})

const command = Command.make(
  "test:conformance",
  {
    folder: Flag.String("folder").pipe(
      Flag.withDescription("Where the suite is installed, or is already. Default: a temporary folder"),
      Flag.optional,
    ),
  },
  Effect.fnUntraced(function* ({ folder }) {
    const fs = yield* FileSystem.FileSystem
    const root = Option.isSome(folder) ? folder.value : yield* fs.makeTempDirectoryScoped({ prefix: "conformance-" })
    const { bin } = yield* install(suitePackage, { folder: root, version: suiteVersion })
    const verdicts = yield* runAll(bin)
    const scenarios = [...new Set(verdicts.flatMap(({ scenarios }) => [...scenarios.keys()]))].toSorted()
    const lines = scenarios.map((scenario) => [
      { text: scenario },
      ...verdicts.map(({ scenarios }) => ({ text: scenarios.get(scenario) ?? "-" })),
    ])
    const columns = [{ title: "scenario" }, ...verdicts.map(({ title }) => ({ title }))]
    for (const line of table(columns, lines, Infinity)) yield* Console.log(line)
    if (verdicts.some(({ problems }) => problems.length > 0)) process.exitCode = 1
  }, Effect.scoped),
)

command.pipe(
  Command.run({ version: "1" }),
  // One of the tools breaks, which is logged.
  Effect.provideService(References.MinimumLogLevel, "None"),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
