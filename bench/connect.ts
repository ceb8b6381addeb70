/**
 * The time to join the fleet, and to rejoin it, compared with the unavoidable parts: the start of the real opencode, and one
 * ssh connection to a real sshd.
 */
import { Console, Effect, FileSystem, Path, Schedule } from "effect"
import { startConnect } from "../test/support/connectProcess.ts"
import type { Workspace } from "../test/support/OpencodeWorkspace.ts"
import { RealOpencode } from "../test/support/RealOpencode.ts"
import { find } from "../test/support/requirements.ts"
import { type SshRelay, start as startRelay } from "../test/support/SshRelay.ts"
import { bareTunnel } from "./floors/bareTunnel.ts"
import { JsonRpcProcess } from "./support/JsonRpcProcess.ts"
import type { Programs } from "./support/programs.ts"
import { median, type Figure } from "./support/report.ts"
import { residentMemory } from "./support/residentMemory.ts"
import { timed } from "./support/timed.ts"

const rounds = 3

const hasSsh = ["ssh", "sshd", "ssh-keygen"].every((program) => find(program) !== undefined)

type Relay = SshRelay["Service"]

/** The registration in a directory, as soon as it differs from the previous one. */
const awaitRegistration = Effect.fn("awaitRegistration")(function* (directory: string, before = "") {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const look = Effect.gen(function* () {
    const file = (yield* fs.readDirectory(directory)).find((name) => /^[^.].*\.json$/u.test(name))
    return file === undefined ? before : yield* fs.readFileString(path.join(directory, file))
  })
  return yield* look.pipe(
    // The directory does not exist yet, or the file was replaced meanwhile.
    Effect.orElseSucceed(() => before),
    Effect.repeat({ until: (content) => content !== before, schedule: Schedule.spaced("10 millis") }),
    Effect.timeout("30 seconds"),
  )
})

const nodeMemory = Effect.fn("nodeMemory")(function* (programs: Programs) {
  const node = yield* JsonRpcProcess.start(programs.bare)
  yield* node.initialize
  return yield* node.residentMemory
}, Effect.scoped)

/** One run of `connect`: it joins, its tunnel is cut, it joins again, and is stopped. */
const joinOnce = Effect.fn("joinOnce")(function* (workspace: Workspace, relay: Relay | undefined) {
  const path = yield* Path.Path
  const from = performance.now()
  const sinceStart = Effect.sync(() => performance.now() - from)
  const { output, pid } = yield* startConnect(
    workspace,
    relay && { password: "of-the-benchmark", variables: { RELAY_SSH_CMD: relay.command } },
  )
  const registered = (directory: string, before?: string) =>
    awaitRegistration(directory, before).pipe(Effect.tapError(() => Effect.flatMap(output, Console.error)))
  yield* registered(path.join(workspace.home, ".local", "share", "opencode-relay"))
  const here = yield* sinceStart
  if (relay === undefined) return { here, memory: yield* residentMemory(pid) }
  const registration = yield* registered(relay.directory)
  const there = yield* sinceStart
  const memory = yield* residentMemory(pid)
  yield* relay.killConnections
  const again = yield* timed(registered(relay.directory, registration))
  return { here, there, memory, again }
}, Effect.scoped)

export const benchConnect = Effect.fn("benchConnect")(
  function* (programs: Programs) {
    if (!hasSsh) yield* Console.error("SKIPPED: connect with a relay: no ssh, sshd or ssh-keygen on this machine")
    const relay = hasSsh ? yield* startRelay() : undefined
    const opencode = yield* RealOpencode
    const round = Effect.gen(function* () {
      yield* opencode.stop
      // opencode is stopped here, so this measures its start until its first healthy answer.
      const started = yield* timed(opencode.restart)
      yield* opencode.stop
      return {
        opencode: started,
        tunnel: relay && (yield* bareTunnel(relay)),
        ours: yield* joinOnce(opencode, relay),
        node: yield* nodeMemory(programs),
      }
    })
    // The first round fills the caches.
    const [, ...measured] = yield* Effect.replicateEffect(round, rounds + 1)
    const middle = (pick: (one: (typeof measured)[number]) => number | undefined) =>
      median(measured.map(pick).filter((each) => each !== undefined))
    const started = middle(({ opencode }) => opencode)
    const tunnel = middle(({ tunnel }) => tunnel)
    const note = `median of ${rounds}`
    const local: ReadonlyArray<Figure> = [
      {
        what: "registered here",
        value: middle(({ ours }) => ours.here),
        unit: "ms",
        floor: { name: "opencode serve answers", value: started },
        note,
      },
      {
        what: "resident when it has joined",
        value: middle(({ ours }) => ours.memory),
        unit: "MB",
        floor: { name: "bare Node", value: middle(({ node }) => node) },
        note: "without its opencode and ssh",
      },
    ]
    if (relay === undefined) return local
    const remote: ReadonlyArray<Figure> = [
      {
        what: "registered on the relay",
        value: middle(({ ours }) => ours.there),
        unit: "ms",
        floor: { name: "opencode serve, then ssh -R", value: started + tunnel },
        note,
      },
      {
        what: "registered again, tunnel killed",
        value: middle(({ ours }) => ours.again),
        unit: "ms",
        floor: { name: "ssh -R", value: tunnel },
        note: "our pause before is 0.8 to 1.2 s",
      },
    ]
    return [...local, ...remote]
  },
  Effect.scoped,
  Effect.provide(RealOpencode.layer({ snapshots: true })),
)
