/** The size of the executable: what is loaded before `initialize` is answered, and all of it. */
import { Effect, FileSystem, Path } from "effect"
import { executable } from "./support/programs.ts"
import type { Figure } from "./support/report.ts"

const staticImport = /(?:^|[;}\s])(?:im|ex)port(?:[\w*${},\s]+from)?\s*["'](\.[^"']+)["']/gu

const serverChunk = /import\(["'`](\.\/chunks\/serve-[^"'`]+)["'`]\)/u

const kilobytes = (sizes: Iterable<number>) => [...sizes].reduce((sum, size) => sum + size, 0) / 1000

export const measureSize = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.dirname(executable)
  const [, server = ""] = serverChunk.exec(yield* fs.readFileString(executable)) ?? []
  const pending = [executable, path.join(folder, server)]
  const loaded = new Map<string, number>()
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (loaded.has(file)) continue
    const code = yield* fs.readFileString(file)
    loaded.set(file, Buffer.byteLength(code))
    for (const [, imported = ""] of code.matchAll(staticImport)) pending.push(path.join(path.dirname(file), imported))
  }
  const files = (yield* fs.readDirectory(folder, { recursive: true })).filter((file) => file.endsWith(".mjs"))
  const sizes = yield* Effect.forEach(files, (file) => fs.stat(path.join(folder, file)))
  return { start: kilobytes(loaded.values()), all: kilobytes(sizes.map(({ size }) => Number(size))) }
})

export const benchSize = Effect.fn("benchSize")(function* () {
  const { all, start } = yield* measureSize
  return [
    { what: "loaded before initialize is answered", value: start, unit: "KB" },
    { what: "the whole executable", value: all, unit: "KB" },
  ] satisfies ReadonlyArray<Figure>
})
