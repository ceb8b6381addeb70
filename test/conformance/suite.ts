/** Runs the conformance suite of MCP against a URL. */
import { Effect, FileSystem, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"

export const suitePackage = "@modelcontextprotocol/conformance"
export const suiteVersion = "0.2.0-alpha.12"

export const revisions = ["2025-11-25", "2026-07-28"] as const
export type Revision = (typeof revisions)[number]

const Check = Schema.Struct({
  id: Schema.String,
  status: Schema.Literals(["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]),
  errorMessage: Schema.optionalKey(Schema.String),
})
export type Check = typeof Check.Type

const decodeChecks = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Array(Check)))

export class SuiteFailed extends Schema.TaggedError<SuiteFailed>()("SuiteFailed", { output: Schema.String }) {
  override get message() {
    return `the conformance suite left no results: ${this.output}`
  }
}

/** The folder of a scenario's results. */
const resultsOf = /^server-(.+)-\d{4}-\d\d-\d\dT/u

const longestRun = "8 minutes"

/** All server scenarios of a revision with their checks. `bin`: the folder with the executables of the installation. */
export const runSuite = Effect.fnUntraced(function* (bin: string, url: string, revision: Revision) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const results = yield* fs.makeTempDirectoryScoped({ prefix: "conformance-" })
  const program = path.join(bin, "..", suitePackage, "dist", "index.js")
  const args = [program, "server", "--url", url, "--requirements", revision, "--output-dir", results]
  const suite = yield* ChildProcess.make(process.execPath, args, { stdin: "ignore", extendEnv: true })
  // It ends with 1 for failures that are expected, too.
  const output = yield* Stream.mkString(Stream.decodeText(suite.all)).pipe(Effect.timeout(longestRun))
  const checks = new Map<string, ReadonlyArray<Check>>()
  for (const folder of yield* fs.readDirectory(results)) {
    const scenario = resultsOf.exec(folder)?.[1]
    if (scenario === undefined) continue
    checks.set(scenario, yield* decodeChecks(yield* fs.readFileString(path.join(results, folder, "checks.json"))))
  }
  if (checks.size === 0) return yield* new SuiteFailed({ output: output.slice(-500) })
  return checks
}, Effect.scoped)
