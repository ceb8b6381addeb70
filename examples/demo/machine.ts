/** The machine of the demo: a real opencode of either version with a scripted model, and a fleet that contains it. */
import { Effect, FileSystem, Path } from "effect"
import { start } from "../../test/support/RealOpencode.ts"
import { startService } from "../../test/support/RealService.ts"

/** The HOME of the MCP server, where it finds everything without a setting. */
export interface Machine {
  readonly home: string
  /** The project of opencode. */
  readonly directory: string
}

const workspace = { project: "web-shop", permission: "ask", snapshots: true } as const

const register = Effect.fnUntraced(function* (home: string, name: string, registration: object) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = path.join(home, ".local", "share", "opencode-relay")
  yield* fs.makeDirectory(directory, { recursive: true })
  yield* fs.writeFileString(path.join(directory, `${name}.json`), JSON.stringify({ name, ...registration }))
})

/** opencode 1 is registered, as `opencode-fleet connect` does it. The service of opencode 2 is found where it is. */
export const startMachine = Effect.fnUntraced(function* (version: "1" | "2") {
  const { directory, home, ...opencode } = yield* version === "1" ? start(workspace) : startService(workspace)
  if (version === "1") {
    yield* register(home, "web-shop", { hostname: "this-machine", port: opencode.port, cwd: directory })
  }
  // Nothing listens on this port, as if the laptop were off.
  yield* register(home, "laptop-blog", { hostname: "laptop", port: 4999, cwd: "/home/me/blog" })
  return { directory, home } satisfies Machine
})
