/** The size of `tools/list`: in all, and what clients show to their models. Needs no time and no quiet machine. */
import { Effect, FileSystem, Schema } from "effect"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import type { Programs } from "./support/programs.ts"
import type { Figure } from "./support/report.ts"

const Listed = Schema.Struct({
  tools: Schema.Array(
    Schema.StructWithRest(Schema.Struct({ name: Schema.String }), [Schema.Record(Schema.String, Schema.Unknown)]),
  ),
})

/** What reaches the model in every client that was tried. The output schemas do in none of them. */
const shown = new Set(["name", "title", "description", "inputSchema"])

const kilobytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) / 1000

export const benchToolsList = Effect.fn("benchToolsList")(function* (programs: Programs) {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
  // With a host, so that start_instance is listed.
  const server = yield* JsonRpcProcess.start(programs.ours(directory, { SSH_HOSTS: "box" }))
  yield* server.initialize
  const { tools } = yield* Schema.decodeUnknownEffect(Listed)((yield* server.listTools).result)
  const model = tools.map((tool) => Object.fromEntries(Object.entries(tool).filter(([name]) => shown.has(name))))
  const note = `${tools.length} tools`
  return [
    { what: "tools/list", value: kilobytes(tools), unit: "KB", floor: { name: "limit", value: 20 }, target: 1, note },
    {
      what: "shown to a model",
      value: kilobytes(model),
      unit: "KB",
      floor: { name: "limit", value: 9 },
      target: 1,
      note,
    },
  ] satisfies ReadonlyArray<Figure>
}, Effect.scoped)
