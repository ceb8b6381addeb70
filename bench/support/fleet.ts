/** Relay directories with fake instances, which live as long as a scope. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, FileSystem, Path, Schema } from "effect"

const program = fileURLToPath(new URL("fakeInstances.ts", import.meta.url))
const decodePorts = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Int)))

/** Starts one process with all instances. Returns their ports, the healthy ones first. */
const startInstances = Effect.fn("startInstances")(function* (...counts: ReadonlyArray<number>) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [program, ...counts.map(String)], { stdio: ["pipe", "pipe", "inherit"] }),
    ),
    (running) =>
      Effect.promise(async () => {
        const exited = once(running, "exit")
        running.kill("SIGKILL")
        await exited
      }),
  )
  const [line] = yield* Effect.promise(() => once(createInterface({ input: child.stdout }), "line"))
  return decodePorts(line)
})

/** Starts instances and registers them in a new relay directory. Returns the directory and the URLs. Other servers are not registered. */
export const startFleet = Effect.fn("startFleet")(function* (size: {
  readonly healthy: number
  readonly hung: number
  /** Registered at an address where nothing listens. Needs a healthy one, whose port no other program can take. */
  readonly refused?: number
  readonly strangers?: number
  /** Of opencode 2, and registered as such. */
  readonly services?: number
}) {
  const { healthy, hung, refused = 0, services = 0, strangers = 0 } = size
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "opencode-fleet-bench-" })
  const ports =
    healthy + hung + strangers + services === 0 ? [] : yield* startInstances(healthy, hung, strangers, services)
  const isRegistered = (index: number) => index < healthy + hung || index >= healthy + hung + strangers
  const registered = ports.map((port, index) => ({ port, index })).filter(({ index }) => isRegistered(index))
  yield* Effect.forEach(registered, ({ index, port }) => {
    const usual = { name: `instance-${index}`, hostname: "127.0.0.1", port, cwd: "/home/dev/project" }
    const registration = index < healthy + hung ? usual : { ...usual, api: 2 }
    return fs.writeFileString(path.join(directory, `instance-${index}.json`), JSON.stringify(registration))
  })
  yield* Effect.forEach(Array.from({ length: refused }).keys(), (index) =>
    fs.writeFileString(
      path.join(directory, `refused-${index}.json`),
      JSON.stringify({
        name: `refused-${index}`,
        address: `127.0.0.${2 + Math.floor(index / healthy)}`,
        port: ports[index % healthy],
      }),
    ),
  )
  return { directory, urls: ports.map((port) => `http://127.0.0.1:${port}`) }
})
