/** Relay directories with fake instances, which live as long as a scope. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, FileSystem, Path, Schema } from "effect"
import { LocalMachine } from "../../src/machine/LocalMachine.ts"

const program = fileURLToPath(new URL("fakeInstances.ts", import.meta.url))
const decodePorts = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Int)))

/** Starts one process with all instances. Returns its id, their ports, the healthy ones first, and the requests that they got. */
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
  const lines = createInterface({ input: child.stdout })
  const [line] = yield* Effect.promise(() => once(lines, "line"))
  const requests = Effect.promise(async () => {
    const answer = once(lines, "line")
    child.stdin.write("\n")
    return Number((await answer)[0])
  })
  return { ports: decodePorts(line), pid: child.pid ?? 0, requests }
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
  const machine = yield* LocalMachine
  const { pid, ports, requests } =
    healthy + hung + strangers + services === 0
      ? { pid: 0, ports: [], requests: Effect.succeed(0) }
      : yield* startInstances(healthy, hung, strangers, services)
  // As `connect` registers an instance.
  const own = { hostname: machine.hostname, cwd: "/home/dev/project", pid, birth: machine.birthOf(pid) }
  const isRegistered = (index: number) => index < healthy + hung || index >= healthy + hung + strangers
  const registered = ports.map((port, index) => ({ port, index })).filter(({ index }) => isRegistered(index))
  yield* Effect.forEach(registered, ({ index, port }) => {
    const usual = { ...own, name: `instance-${index}`, port }
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
  return { directory, urls: ports.map((port) => `http://127.0.0.1:${port}`), requests }
})

/** Registers an instance in a new relay directory, as `connect` does. The process is this one; it only has to be running. */
export const registered = Effect.fnUntraced(function* (instance: Readonly<Record<string, unknown>>) {
  const fs = yield* FileSystem.FileSystem
  const { birthOf, hostname } = yield* LocalMachine
  const { directory } = yield* startFleet({ healthy: 0, hung: 0 })
  const registration = { name: "real", hostname, pid: process.pid, birth: birthOf(process.pid), ...instance }
  yield* fs.writeFileString(`${directory}/real.json`, JSON.stringify(registration))
  return directory
})
