import { assert, describe, it } from "@effect/vitest"
import { distinct } from "../../src/fleet/distinct.ts"
import { announcement } from "./announcements.ts"

const names = (servers: ReadonlyArray<{ readonly name: string }>) => servers.map(({ name }) => name)

describe("distinct", () => {
  it("takes two announcements of one URL for one instance, the first of them, and says so", () => {
    const found = [announcement("first", 4096), announcement("other", 4097), announcement("second", 4096)]
    const { problems, servers } = distinct(found)
    assert.deepStrictEqual(names(servers), ["first", "other"])
    assert.lengthOf(problems, 1)
    assert.include(problems[0]?.reason, "http://127.0.0.1:4096")
  })

  it("believes the one that was written last, for the port may have been another's before", () => {
    const found = [announcement("before", 4096, { writtenAt: 1 }), announcement("now", 4096, { writtenAt: 2 })]
    assert.deepStrictEqual(names(distinct(found).servers), ["now"])
    assert.deepStrictEqual(names(distinct(found.toReversed()).servers), ["now"])
  })

  it("keeps two of one name on two ports", () => {
    assert.lengthOf(distinct([announcement("api", 4096), announcement("api", 4097)]).servers, 2)
  })

  it("has what a process left that has ended not stand for the one that has its port now", () => {
    const left = announcement("a-stale", 4096)
    const now = announcement("b-live", 4096)
    const { problems, servers } = distinct([left, now], ({ name }) => name === "a-stale")
    assert.deepStrictEqual(names(servers), ["b-live"])
    assert.deepStrictEqual(
      problems.map(({ source }) => source),
      [left.source],
    )
  })
})
