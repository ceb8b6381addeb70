/** Which registrations are removed, for every combination of evidence. */
import { assert, describe, it } from "@effect/vitest"
import { ByteSize, Duration, type FileSystem, Option, Schema } from "effect"
import type { Health, Instance } from "../../../src/fleet/Instance.ts"
import { judge } from "../../../src/fleet/prune/judgement.ts"
import { server } from "../../discovery/announcements.ts"

const Known = Schema.Struct({
  state: Schema.Literals(["online", "unauthorized", "timeout", "unreachable", "unhealthy"]),
  replaced: Schema.UndefinedOr(Schema.Literal(true)),
  host: Schema.Literals(["here", "elsewhere"]),
  pid: Schema.UndefinedOr(Schema.Literals([-1, 0, 1, 4711])),
  alive: Schema.Boolean,
  tunnelled: Schema.UndefinedOr(Schema.Literals([false, true])),
  type: Schema.UndefinedOr(Schema.Literals(["File", "SymbolicLink", "FIFO"])),
  noted: Schema.UndefinedOr(Schema.Literals([0, 50, 100, 200])),
  written: Schema.UndefinedOr(Schema.Literals([0, 50, 100, 200])),
  silentFor: Schema.Literals([0, 50, 1000]),
})
type Known = typeof Known.Type

const now = 100

const health = (state: Health["state"], replaced: true | undefined): Health => ({
  state,
  ...(replaced === undefined ? {} : { replaced }),
  version: undefined,
  latency: undefined,
  reason: "not today",
  checkedAt: now,
})

const info = (type: FileSystem.File.Type, written: number | undefined): FileSystem.File.Info => ({
  type,
  mtime: Option.map(Option.fromUndefinedOr(written), (time) => new Date(time)),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 1n,
  ino: Option.none(),
  mode: 0o600,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  size: ByteSize.bytes(10),
  blksize: Option.none(),
  blocks: Option.none(),
})

const verdict = ({ alive, host, noted, pid, replaced, silentFor, state, tunnelled, type, written }: Known) => {
  const instance: Instance = {
    ...server("api", 1, { host, pid, tunnelled }),
    health: health(state, replaced),
    lastSeen: undefined,
  }
  const [judgement, ...others] = judge({
    directory: "/relay",
    files: new Map(type === undefined ? [] : [[instance.source, info(type, written)]]),
    snapshot: { instances: [instance], problems: [], reports: [], refreshedAt: now },
    silence: new Map(noted === undefined ? [] : [[instance.source, noted]]),
    now,
    silentFor: Duration.millis(silentFor),
    machine: { hostname: "here", isAlive: () => alive, birthOf: () => undefined, addresses: () => [] },
  })
  if (judgement === undefined) throw new Error("it was not judged")
  assert.lengthOf(others, 0)
  return judgement
}

const known = (rest: Partial<Known>): Known => ({
  state: "unreachable",
  replaced: undefined,
  host: "here",
  pid: undefined,
  alive: false,
  tunnelled: undefined,
  type: "File",
  noted: undefined,
  written: 0,
  silentFor: 50,
  ...rest,
})

describe("A registration", () => {
  it.prop("whose instance answers is kept, whatever else is known", [Known], ([known]) => {
    const answers = known.state !== "timeout" && known.state !== "unreachable"
    assert.isFalse(answers && verdict(known).remove)
  })

  it("whose process has ended is kept while anything answers at its port", () => {
    const { reason, remove } = verdict(known({ state: "unhealthy", replaced: true, pid: 4711, silentFor: 0 }))
    assert.isFalse(remove)
    assert.include(reason, "answers, but is unhealthy")
  })

  it.prop("that is not a regular file, or was not there at the start, is kept", [Known], ([known]) => {
    assert.isFalse(known.type !== "File" && verdict(known).remove)
  })

  it.prop("is removed only if its process has ended, or after a long silence without a write", [Known], ([known]) => {
    if (!verdict(known).remove) return
    const dead =
      known.host === "here" && known.tunnelled !== true && known.pid !== undefined && known.pid > 0 && !known.alive
    const since = Math.max(known.noted ?? now, known.written ?? 0)
    assert.isTrue(dead || known.silentFor === 0 || now - since >= known.silentFor)
  })

  const ended = known({ pid: 4711, silentFor: 1000 })
  it("is removed immediately if its process on this machine has ended", () => {
    assert.isTrue(verdict(ended).remove)
    assert.isTrue(verdict({ ...ended, state: "timeout" }).remove)
  })

  it.each([
    ["lives", { alive: true }],
    ["was one of another machine", { host: "elsewhere" }],
    ["is at the other end of a tunnel", { tunnelled: true }],
    ["has a number that means a group of processes", { pid: -1 }],
    ["has the number that means our own group", { pid: 0 }],
  ] satisfies ReadonlyArray<[string, Partial<Known>]>)("stays for now if its process %s", (_, rest) => {
    assert.isFalse(verdict({ ...ended, ...rest }).remove)
  })

  it("is kept when it is silent for the first time, however old the file is", () => {
    const { reason, remove, silentSince } = verdict(known({}))
    assert.isFalse(remove)
    assert.strictEqual(silentSince, now)
    assert.include(reason, "not today")
    assert.include(reason, "first noticed now")
  })

  it("is removed exactly at the end of the silence, to the millisecond", () => {
    assert.isTrue(verdict(known({ noted: 50 })).remove)
    assert.isFalse(verdict(known({ noted: 50, silentFor: 1000 })).remove)
  })

  it("starts a new silence when its file is written", () => {
    const { remove, silentSince } = verdict(known({ noted: 0, written: 100 }))
    assert.isFalse(remove)
    assert.strictEqual(silentSince, 100)
  })

  it("is removed immediately with a silence of zero, also if its file is from the future", () => {
    assert.isTrue(verdict(known({ silentFor: 0 })).remove)
    assert.isTrue(verdict(known({ silentFor: 0, noted: 200, written: 200 })).remove)
  })
})
