/** What a row of the database means for this machine. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import { InstanceRow } from "../../../src/discovery/postgres/InstanceRow.ts"
import { announce, isAllowed } from "../../../src/discovery/postgres/rowAnnouncement.ts"

const row: InstanceRow = {
  id: "0b9c1f6e",
  name: "laptop-shop",
  host: "laptop",
  machine: "aaaa",
  local_url: "http://127.0.0.1:4096",
  url: null,
  tunnel: null,
  api: 1,
  directory: "/work/shop",
  pid: 7,
  birth: "1:2",
  started: 1,
  heartbeat_seconds: 15,
  silent_seconds: 3,
}

const laptop = { hostname: "laptop", id: "aaaa" }
const relay = { hostname: "relay", id: "bbbb" }

const found = (one: InstanceRow, here = relay) => announce(one, here, "db:5432/fleet", "anybody", false)

describe("A row of the database", () => {
  it("leads to the instance itself on its own machine", () => {
    const { pid, unreachable, url } = found(row, laptop)
    assert.deepStrictEqual({ pid, unreachable, url }, { pid: 7, unreachable: undefined, url: "http://127.0.0.1:4096" })
  })

  it("of a machine with the same host name is one of another machine", () => {
    const { pid, url } = found(row, { hostname: "laptop", id: "cccc" })
    assert.isUndefined(pid)
    assert.notInclude(url, "127.0.0.1")
  })

  it("leads other machines to the address that was advertised for them", () => {
    assert.deepInclude(found({ ...row, url: "http://laptop.lan:4096" }), {
      url: "http://laptop.lan:4096",
      untrusted: true,
    })
  })

  it("without an address for this machine says why, with the state of its tunnel, and leads nowhere", () => {
    const tunnel = "ssh me@relay: waiting since 12:03: refused"
    const { unreachable, url } = found({ ...row, tunnel })
    assert.include(unreachable, "is announced by laptop, but no address of it can be reached from here")
    assert.include(unreachable, tunnel)
    assert.match(url, /\.invalid$/u)
  })

  it("that misses three heartbeats is silent, and is not asked", () => {
    const url = "http://laptop.lan:4096"
    assert.isUndefined(found({ ...row, url, silent_seconds: 45 }).unreachable)
    const silent = found({ ...row, url, silent_seconds: 3700 })
    assert.include(silent.unreachable, "no heartbeat for 1 hour; laptop may be asleep")
    assert.match(silent.url, /\.invalid$/u)
    assert.notInclude(silent.unreachable, "service")
    const service = found({ ...row, id: "service-aaaa", url, silent_seconds: 46 })
    assert.include(service.unreachable, "or opencode's service is not running there")
  })

  it.each([
    { local_url: "http://10.0.0.7:4096" },
    { local_url: "http://me:hunter2@127.0.0.1:4096" },
    { url: "http://127.0.0.1:4096" },
    { url: "http://localhost:4096" },
    { url: "http://me:hunter2@laptop.lan:4096" },
    { url: "file:///etc/passwd" },
    { id: "x\u001b[31m" },
    { api: 3 },
  ])("is refused with %j", (wrong) => {
    assert.isTrue(Option.isNone(Schema.decodeUnknownOption(InstanceRow)({ ...row, ...wrong })))
  })

  it("cannot control the terminal", () => {
    const { host, name, unreachable } = found({ ...row, name: "\u001b[31mred", host: "a\nb", tunnel: "\u001b[2J" })
    assert.notMatch(`${name}${host}${unreachable}`, /\p{Cc}/u)
  })
})

describe("DATABASE_ALLOW", () => {
  it.each([
    ["http://build.lan:4096", "*.lan", true],
    ["http://build.lan:4096", "build.lan:4096", true],
    ["http://BUILD.lan", "build.lan:80", true],
    ["http://10.0.0.7:4096", "10.0.0.*", true],
    ["http://[fd00::1]:4096", "fd00::1", true],
    ["http://build.lan:4096", "build.lan:4097", false],
    ["http://build.lan.evil.example:4096", "build.lan", false],
    ["http://evil.example:4096/build.lan", "build.lan", false],
    ["http://192.168.1.7:4096", "192.168.1.*", true],
    ["http://192.168.1.evil.example:4096", "192.168.1.*", false],
  ])("%s with %s: %s", (url, pattern, allowed) => {
    assert.strictEqual(isAllowed(url, [pattern]), allowed)
  })
})
