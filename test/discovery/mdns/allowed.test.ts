/** Which announced opencodes `MDNS_ALLOW` trusts with the password. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { isAllowed } from "../../../src/discovery/mdns/allowed.ts"
import { HostileText, hostileText } from "../relay/hostile.ts"

const service = { label: "opencode-4096", target: "Build.local", address: "192.168.1.7", port: 4096 }

const letters = Schema.Array(Schema.Literals(["a", "b", "*"]))

describe("MDNS_ALLOW", () => {
  it.each([
    "opencode-4096",
    "OPENCODE-4096",
    "build.local",
    "BUILD.LOCAL.",
    "192.168.1.7",
    "192.168.1.7:4096",
    "192.168.1.*",
    "192.168.1.*:4096",
    "*:4096",
    "opencode-*",
    "*.local",
    "b*d.l*l",
    "*i*o*",
    "*",
    "**",
    "build.local*",
  ])("%s matches a service by its label, host, address or port", (pattern) => {
    assert.isTrue(isAllowed(service, ["nobody", pattern]))
  })

  it.each([
    "opencode-409",
    "opencode-40966",
    "pencode-4096",
    "build",
    "local",
    "build-local",
    "192.168.1.70",
    "192.168.1",
    "192.168.1.?",
    "192.168.1.7:40",
    "192.168.2.*",
    "opencode.local",
    "*.locale",
    "build.local*l",
    "b*ld.*ld.local",
    "[a-z]*",
    ".*",
    "",
  ])("%s does not match", (pattern) => {
    assert.isFalse(isAllowed(service, [pattern]))
  })

  it.each([
    "192.168.1.7",
    "192.168.1.7:4096",
    "192.168.1.*",
    "*.7",
    "*:4096",
    "fd7a:115c:*",
    "fe80::*",
    "::1",
    "FE80::*",
  ])("%s means an address, so a host that announces it as its name does not match", (pattern) => {
    const name = pattern.replace("*", "192.168.1.7")
    const elsewhere = { address: "10.0.0.66", port: 4097 }
    assert.isFalse(isAllowed({ ...elsewhere, label: "opencode-4097", target: name }, [pattern]))
    assert.isFalse(isAllowed({ ...elsewhere, label: name, target: "opencode.local" }, [pattern]))
  })

  it.each(["fd7a:115c:a1e0:*", "FD7A:*:7", "fd7a:115c:a1e0::7", "*::7"])("%s matches an IPv6 address", (pattern) => {
    assert.isTrue(isAllowed({ ...service, address: "fd7a:115c:a1e0::7" }, [pattern]))
  })

  it("an empty list allows no service, not even one without a name", () => {
    assert.isFalse(isAllowed({ ...service, target: "" }, []))
    assert.isFalse(isAllowed({ ...service, target: "." }, ["build.local"]))
  })

  it("a pattern of many stars matches a long name quickly", () => {
    assert.isFalse(isAllowed({ ...service, target: "a".repeat(250) }, [`${"*a".repeat(100)}*b`]))
  })

  it.prop("stands for what a regular expression would", [letters, letters], ([pattern, name]) => {
    const text = name.map((letter) => (letter === "*" ? "b" : letter)).join("")
    const expected = new RegExp(`^${pattern.map((letter) => (letter === "*" ? ".*" : letter)).join("")}$`, "u").test(
      text,
    )
    assert.strictEqual(isAllowed({ label: text, target: "-", address: "-", port: 1 }, [pattern.join("")]), expected)
  })

  it.prop("without a star only the very name fits", [HostileText], ([points]) => {
    const name = hostileText(points)
    assert.strictEqual(
      isAllowed({ ...service, label: name }, ["build"]),
      name.toLowerCase().replace(/\.$/u, "") === "build",
    )
  })
})
