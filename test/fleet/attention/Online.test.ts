import { assert, describe, it } from "@effect/vitest"
import { Online } from "../../../src/fleet/attention/Online.ts"
import type { Instance } from "../../../src/fleet/Instance.ts"
import { online } from "./instances.ts"

const shop = online("shop", 1, { directory: "/work" })

/** Whether a report about `shop` may change because another instance comes or goes. */
const concerns = (other: Instance): ReadonlyArray<boolean> => {
  const fleet = new Online()
  fleet.add(shop)
  const first = fleet.generationOf(shop)
  fleet.add(other)
  const second = fleet.generationOf(shop)
  fleet.add({ ...other })
  assert.strictEqual(fleet.generationOf(shop), second)
  fleet.keep(new Set([shop.url]))
  return [first !== second, second !== fleet.generationOf(shop)]
}

describe("What a report depends on", () => {
  it("are the opencode 1 servers of the same machine, which show its sessions, too", () => {
    assert.deepStrictEqual(concerns(online("web", 2, { host: "laptop.lan" })), [true, true])
    assert.deepStrictEqual(concerns(online("web", 2, { host: "" })), [true, true])
  })

  it("are no other instances, which may come and go", () => {
    assert.deepStrictEqual(concerns(online("web", 2, { host: "desk" })), [false, false])
    const { health } = shop
    assert.deepStrictEqual(concerns(online("service", 2, { health: { ...health, api: 2 } })), [false, false])
  })

  it("is where the instance itself works, and which opencode it is", () => {
    const fleet = new Online()
    const generations = [
      shop,
      { ...shop, directory: "/elsewhere" },
      { ...shop, health: { ...shop.health, version: "1.19.0" } },
    ].map((now) => {
      fleet.add(now)
      return fleet.generationOf(now)
    })
    assert.lengthOf(new Set(generations), 3)
  })
})
