/** `bench/RESULTS.md`: the last whole run, with what is needed to judge and to repeat it. */
import { DateTime, Effect, FileSystem, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { cpus, totalmem } from "node:os"
import { fileURLToPath } from "node:url"

const file = fileURLToPath(new URL("../RESULTS.md", import.meta.url))

const commit = Effect.gen(function* () {
  const git = yield* ChildProcess.make("git", ["describe", "--always", "--dirty", "--exclude=*"])
  return (yield* Stream.mkString(Stream.decodeText(git.stdout))).trim()
}).pipe(Effect.scoped)

const machine = () => {
  const [first] = cpus()
  return `${cpus().length} cores of ${first?.model.trim() ?? "an unknown kind"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}`
}

export const writeResults = Effect.fnUntraced(function* (tables: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const date = DateTime.formatIsoDateUtc(yield* DateTime.now)
  const text = `# Results of the benchmark

\`npm run bench\` wrote this file on ${date}, at commit ${yield* commit}, with Node ${process.versions.node} on ${machine()}.

Absolute times differ from machine to machine, and from run to run: only the ratios to the floors of the same run mean anything.

\`\`\`text${tables.join("\n")}
\`\`\`
`
  yield* fs.writeFileString(file, text)
})
