/**
 * `npm run test:clients`: installs real MCP clients, has each use the built executable with a real opencode and without
 * network, over stdio or with `--http`, and prints a line about each.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, FileSystem, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { table } from "../../src/cli/terminal/table.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import type { ClientCase } from "./ClientCase.ts"
import { clients, versions } from "./clients.ts"
import { makeFleet } from "./fleet.ts"
import { install } from "./install.ts"
import { columns, lineOf } from "./report.ts"
import { type Installation, type Row, tryClient } from "./tryClient.ts"
import { versionOf } from "./ownVersions.ts"

const isSelected =
  (names: ReadonlyArray<string>) =>
  ({ name }: ClientCase) =>
    names.length === 0 || names.some((each) => name.toLowerCase().startsWith(each.toLowerCase()))

const installed = Effect.fnUntraced(function* ({ name, package: npm }: ClientCase, folder: string, latest: boolean) {
  const own: Installation = { bin: undefined, version: versionOf(name) }
  return npm === undefined
    ? own
    : yield* install(npm, { folder, version: latest ? "latest" : (versions[npm] ?? "latest") })
})

const command = Command.make(
  "test:clients",
  {
    names: Argument.String("client").pipe(
      Argument.variadic(),
      Argument.withDescription("Only clients whose name begins so"),
    ),
    folder: Flag.String("folder").pipe(
      Flag.withDescription("Where the clients are installed, or are already. Default: a temporary folder"),
      Flag.optional,
    ),
    http: Flag.Boolean("http").pipe(
      Flag.withDescription("All clients use one server over HTTP, with a token"),
      Flag.withDefault(false),
    ),
    latest: Flag.Boolean("latest").pipe(Flag.withDescription("Install the newest versions"), Flag.withDefault(false)),
  },
  Effect.fnUntraced(function* ({ folder, http, latest, names }) {
    const fs = yield* FileSystem.FileSystem
    const root = Option.isSome(folder) ? folder.value : yield* fs.makeTempDirectoryScoped({ prefix: "mcp-clients-" })
    const fleet = yield* makeFleet({ http })
    const rows: Array<Row> = []
    for (const client of clients.filter(isSelected(names)).filter(({ logsIn = false }) => http || !logsIn)) {
      const row = yield* installed(client, root, latest).pipe(
        Effect.flatMap((installation) => tryClient(client, installation, fleet)),
        Effect.catch((error) =>
          Effect.succeed<Row>({
            name: client.name,
            version: "",
            facts: undefined,
            isGone: true,
            problems: [String(error).replaceAll(/\s+/gu, " ")],
          }),
        ),
      )
      rows.push(row)
      yield* Console.error(`${row.problems.length === 0 ? "ok" : "FAILED"}  ${row.name}`)
      for (const problem of row.problems) yield* Console.error(`        ${problem}`)
    }
    for (const line of table(columns, rows.map(lineOf), Infinity)) yield* Console.log(line)
    if (rows.some(({ problems }) => problems.length > 0)) process.exitCode = 1
  }, Effect.scoped),
)

command.pipe(
  Command.run({ version: "1" }),
  Effect.provide(RealOpencode.layer({ permission: "ask", snapshots: true })),
  NodeRuntime.runMain,
)
