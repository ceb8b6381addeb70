import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { instanceName } from "../../src/discovery/instanceName.ts"
import { Registration } from "../../src/discovery/relay/Registration.ts"
import { HostileText, hostileText } from "./relay/hostile.ts"

const isName = Schema.is(Registration)

describe("An instance's name", () => {
  it.each([
    [undefined, "laptop", "/home/me/web-shop", "laptop-web-shop"],
    [undefined, "laptop.fritz.box", "/home/me/web-shop/", "laptop-web-shop"],
    [undefined, "laptop", "/", "laptop"],
    [undefined, "", "/work/api", "api"],
    [undefined, "", "/", "opencode"],
    [undefined, "pc", String.raw`C:\Users\me\web shop`, "pc-web shop"],
    [undefined, "laptop", "/work/日本語 \u{1F680}", "laptop-日本語 \u{1F680}"],
    [undefined, "laptop", "/work/two\nlines\u001B[31m", "laptop-two lines[31m"],
    [undefined, "laptop", "/work/\u200B", "laptop"],
    ["", "laptop", "/work/api", "laptop-api"],
    [" \t\n", "laptop", "/work/api", "laptop-api"],
    ["my box", "laptop", "/work/api", "my box"],
    ['it\'s "mine"; $(id)\n/..', "laptop", "/work/api", 'it\'s "mine"; $(id) /..'],
  ] satisfies ReadonlyArray<[string | undefined, string, string, string]>)(
    "is, chosen as %j on %j in %j, %j",
    (chosen, host, directory, expected) => {
      assert.strictEqual(instanceName(chosen, host, directory), expected)
    },
  )

  it.each([
    ["/home/me/shop/packages/api", "/home/me/shop", "laptop-shop-api"],
    ["/home/me/shop", "/home/me/shop", "laptop-shop"],
    ["/home/me/shop", "/home/me/shop/api", "laptop-shop"],
    ["/home/me/shop/api", "/home/you/shop", "laptop-api"],
    ["/home/me/shop/api", "/", "laptop-api"],
  ])("of %j in the working tree %j contains both: %j", (directory, worktree, expected) => {
    assert.strictEqual(instanceName(undefined, "laptop", directory, worktree), expected)
  })

  it.each(["x".repeat(300), "\u{1F680}".repeat(300), `${"x".repeat(179)}\u{1F680}`])(
    "leaves room for a suffix (%#)",
    (chosen) => {
      const name = instanceName(chosen, "laptop", "/")
      assert.isTrue(isName({ name: `${name}-1000`, port: 1 }), name)
      assert.isTrue(name.isWellFormed())
    },
  )

  it.prop("is one that a registration takes, whatever it is made of", [HostileText, HostileText], ([one, other]) => {
    assert.isTrue(isName({ name: instanceName(hostileText(one), "", ""), port: 1 }))
    assert.isTrue(isName({ name: instanceName(undefined, hostileText(one), hostileText(other)), port: 1 }))
  })
})
