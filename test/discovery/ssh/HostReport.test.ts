/** What a host's report says. */
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { parseReport } from "../../../src/discovery/ssh/HostReport.ts"

const report = (...records: ReadonlyArray<string>) => parseReport(["report", "host laptop", ...records].join("\t"))

const json = JSON.stringify({ id: "a", version: "2.0.15", url: "http://0.0.0.0:49374", pid: 7, password: "se\\cret" })
const file = "/home/me/.local/state/opencode/service.json"

describe("The report of a host", () => {
  it("tells its name, the servers and the service", () => {
    const found = report(`server 8 0100007F 4096 /work/my shop`, `service ok 7 49374 ${file}`, `json ${json}`)
    assert.deepStrictEqual(found?.hostname, "laptop")
    assert.deepStrictEqual(found?.servers, [{ pid: 8, address: "127.0.0.1", port: 4096, directory: "/work/my shop" }])
    const [service, ...others] = found?.services ?? []
    assert.deepStrictEqual(others, [])
    assert.deepInclude(service, { file, pid: 7, address: "127.0.0.1", port: 49_374 })
    assert.strictEqual(service?.password && Redacted.value(service.password), "se\\cret")
    assert.notInclude(JSON.stringify(found), "cret")
  })

  it.each([
    ["0100007F", "127.0.0.1"],
    ["00000000", "127.0.0.1"],
    ["0AA80102", "2.1.168.10"],
    ["00000000000000000000000000000000", "::1"],
    ["00000000000000000000000001000000", "::1"],
    ["*", "127.0.0.1"],
    ["[::1]", "::1"],
    ["100.64.0.1", "100.64.0.1"],
  ])("names the address %s as the host reaches it", (told, address) => {
    assert.strictEqual(report(`server 8 ${told} 4096 /work`)?.servers[0]?.address, address)
  })

  it("shows a process and port once, and the process of a service only as the service", () => {
    const found = report(
      "server 7 0100007F 49374 /home/me",
      "server 8 00000000000000000000000000000000 4096 /work",
      "server 8 00000000 4096 /work",
      `service ok 7 49374 ${file}`,
      `json ${json}`,
    )
    assert.deepStrictEqual(
      found?.servers.map(({ address, pid }) => ({ address, pid })),
      [{ address: "127.0.0.1", pid: 8 }],
    )
  })

  it.each(["stale", "foreign", "unsafe", "broken"] as const)("keeps a %s registration without a password", (state) => {
    const found = report(`service ${state} 7 49374 ${file}`)
    assert.deepStrictEqual(found?.unused, [{ file, state, port: 49_374 }])
    assert.deepStrictEqual(found?.services, [])
  })

  it.each(["json {", "json {}", 'json {"url":"no url"}', "host other", ""])(
    "takes a registration that is followed by %j as broken",
    (next) => {
      assert.deepInclude(report(`service ok 7 49374 ${file}`, next)?.unused[0], { state: "broken" })
    },
  )

  it("ignores records of another kind, and whatever is no report", () => {
    assert.deepStrictEqual(report("weather fine", "server x", "service", "server 8 0100007F 999999 /work")?.servers, [])
    assert.isUndefined(parseReport("reported"))
    assert.isTrue(report()?.isListed)
    assert.isFalse(report("unlisted")?.isListed)
  })
})
