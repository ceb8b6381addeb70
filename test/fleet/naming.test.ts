import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Announcement } from "../../src/discovery/Discovery.ts"
import { AmbiguousInstance, InstanceNotFound, InstanceRequired, matching, uniqueNames } from "../../src/fleet/naming.ts"
import { announcement } from "../discovery/announcements.ts"
import { HostileText, hostileText } from "../discovery/relay/hostile.ts"

const names = (announcements: ReadonlyArray<{ readonly name: string }>) => announcements.map(({ name }) => name)

/** Few names and ports, so that they collide with each other, with suffixes, and with properties of every object. */
const Found = Schema.Array(
  Schema.Struct({
    name: Schema.Union([
      Schema.Literals(["api", "API", "api@4096", "api@4096@4096", "api@80", "api@", "__proto__", "constructor", ""]),
      HostileText,
    ]),
    port: Schema.Union([
      Schema.Literals([80, 443, 4096, 4097, 65_535]),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 })),
    ]),
    host: Schema.Literals(["127.0.0.1", "127.0.0.1", "127.0.0.1", "laptop.tail.net"]),
    position: Schema.Int,
  }),
)

/** The same announcements in two orders. */
const scans = (found: typeof Found.Type): readonly [ReadonlyArray<Announcement>, ReadonlyArray<Announcement>] => {
  const of = (all: typeof Found.Type) =>
    all.map(({ host, name, port }) =>
      announcement(typeof name === "string" ? name : hostileText(name), port, { url: `http://${host}:${port}` }),
    )
  const once = [...new Map(found.map((one) => [`${one.host}:${one.port}`, one])).values()]
  return [of(once), of(once.toSorted((one, other) => one.position - other.position))]
}

const namesByUrl = (announcements: ReadonlyArray<Announcement>) =>
  Object.fromEntries(announcements.map(({ name, url }) => [url, name]))

describe("uniqueNames", () => {
  it("keeps names that differ, even if only in case", () => {
    const found = [announcement("api", 1), announcement("API", 2), announcement("web", 3)]
    assert.deepStrictEqual(uniqueNames(found), found)
  })

  it("adds the port to every shared name, and to no other", () => {
    const found = [announcement("api", 4096), announcement("web", 5000), announcement("api", 4097)]
    assert.deepStrictEqual(names(uniqueNames(found)), ["api@4096", "web", "api@4097"])
  })

  it("adds the port on an ssh host, because the local port that leads there changes", () => {
    const found = [
      announcement("box-api", 40_001, { sshHost: "box", remotePort: 4096 }),
      announcement("box-api", 40_002, { sshHost: "box", remotePort: 4097 }),
    ]
    assert.deepStrictEqual(names(uniqueNames(found)), ["box-api@4096", "box-api@4097"])
  })

  it("adds the default port if the URL omits it", () => {
    assert.deepStrictEqual(names(uniqueNames([announcement("api", 80), announcement("api", 4096)])), [
      "api@80",
      "api@4096",
    ])
  })

  it("resolves a clash between an added suffix and an announced name", () => {
    const unique = uniqueNames([announcement("api", 4096), announcement("api", 4097), announcement("api@4096", 5000)])
    assert.strictEqual(new Set(names(unique)).size, 3)
    assert.strictEqual(unique[1]?.name, "api@4097")
  })

  it("distinguishes instances with the same name and port on different hosts", () => {
    const unique = uniqueNames([
      announcement("api", 4096, { url: "http://laptop:4096" }),
      announcement("api", 4096, { url: "http://desktop:4096" }),
    ])
    assert.strictEqual(new Set(names(unique)).size, 2)
  })

  it("changes only the name", () => {
    const found = [announcement("api", 1, { directory: "/a" }), announcement("api", 2, { directory: "/b" })]
    assert.deepStrictEqual(
      uniqueNames(found).map((one) => ({ ...one, name: "api" })),
      found,
    )
  })

  it.prop("never gives one name to two instances", [Found], ([found]) => {
    const unique = uniqueNames(scans(found)[0])
    assert.strictEqual(new Set(names(unique)).size, unique.length)
  })

  it.prop("gives each instance the same name in any order of discovery", [Found], ([found]) => {
    const [one, other] = scans(found)
    assert.deepStrictEqual(namesByUrl(uniqueNames(one)), namesByUrl(uniqueNames(other)))
  })

  it.prop("keeps the announced name as a prefix, so that people recognise it", [Found], ([found]) => {
    const [one] = scans(found)
    for (const [index, { name }] of uniqueNames(one).entries()) {
      assert.isTrue(name.startsWith(one[index]?.name ?? "?"))
    }
  })
})

describe("matching", () => {
  const fleet = ["api", "API", "Web", "web-admin", "api-tests", "日本語"].map((name) => ({ name }))

  it.for([
    ["api", ["api"]],
    ["API", ["API"]],
    // Neither is exact, so both fit.
    ["Api", ["api", "API"]],
    ["WEB", ["Web"]],
    ["web", ["Web"]],
    ["ADMIN", ["web-admin"]],
    ["e", ["Web", "web-admin", "api-tests"]],
    [" api-tests ", ["api-tests"]],
    ["本", ["日本語"]],
    ["nothing", []],
    // Every name has the empty text as a part.
    ["", []],
    ["  ", []],
    // It is no pattern.
    [".*", []],
  ] as const)("%j fits %j", ([asked, expected]) => {
    assert.deepStrictEqual(names(matching(fleet, asked)), [...expected])
  })

  it.prop("finds every instance by its unique name, and only that one", [Found], ([found]) => {
    const unique = uniqueNames(scans(found)[0])
    for (const one of unique) {
      if (one.name.trim() !== "") assert.deepStrictEqual(matching(unique, one.name), [one])
    }
  })
})

describe("the errors of resolving", () => {
  it("list the known instances", () => {
    assert.include(
      new InstanceNotFound({ reference: "apy", known: ["api", "web"] }).message,
      'no instance "apy". There are: api, web.',
    )
    assert.include(new AmbiguousInstance({ reference: "a", candidates: ["api", "app"] }).message, "api, app")
    assert.include(new InstanceRequired({ online: ["api", "app"], offline: ["web"] }).message, "api, app")
    assert.include(new InstanceRequired({ online: [], offline: ["web"] }).message, "No instance is online (found: web)")
  })

  it("say what to do where there is nothing to list", () => {
    assert.include(new InstanceNotFound({ reference: "api", known: [] }).message, "no instance was found")
    assert.include(new InstanceRequired({ online: [], offline: [] }).message, "found: none")
  })

  it("stay short in a fleet of a thousand", () => {
    const known = Array.from({ length: 1000 }, (_, index) => `instance-${index}`)
    const { message } = new InstanceNotFound({ reference: "x", known })
    assert.include(message, "and 980 more")
    assert.isBelow(message.length, 1000)
  })
})
