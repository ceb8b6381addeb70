/** Which requests a server takes, by the host that they ask for and the page that they come from. */
import { assert, describe, it } from "@effect/vitest"
import { makeRequestCheck } from "../../src/web/requestChecks.ts"

const request = (headers: Record<string, string>, url = "/mcp") => ({ method: "POST", url, headers })

const passes = (check: ReturnType<typeof makeRequestCheck>, headers: Record<string, string>, url?: string) =>
  check({ ...request(headers, url), headers: { ...headers } as never }) === undefined

describe("The checks of each request", () => {
  const local = makeRequestCheck({ host: "127.0.0.1", names: ["box.lan", "Bücher.example"], sharedPaths: ["/mcp"] })
  const open = makeRequestCheck({
    host: "0.0.0.0",
    publicUrl: new URL("https://fleet.example.com/"),
    sharedPaths: ["/mcp"],
  })

  it.each(["localhost:4180", "127.0.0.1", "[::1]:4180", "box.lan", "BOX.lan:1", "xn--bcher-kva.example"])(
    "take the host %s",
    (host) => {
      assert.isTrue(passes(local, { host }))
    },
  )

  it.each(["", "evil.example", "192.168.1.5:4180", "127.0.0.1.evil.example", "localhost@evil.example", "a b"])(
    "refuse the host %s",
    (host) => {
      assert.isFalse(passes(local, { host }))
    },
  )

  it("take any address if they do not listen on loopback only, since a browser cannot be misled with one", () => {
    assert.isTrue(passes(open, { host: "192.168.1.5:4180" }))
    assert.isTrue(passes(open, { host: "fleet.example.com" }))
    assert.isFalse(passes(open, { host: "evil.example" }))
  })

  it("refuse the page below a path of another host name, where its links and its cookie would be that host's", () => {
    const below = makeRequestCheck({
      host: "127.0.0.1",
      publicUrl: new URL("https://example.com/fleet"),
      sharedPaths: ["/mcp"],
    })
    const host = "example.com"
    for (const path of ["/mcp", "/.well-known/oauth-protected-resource/fleet/mcp"]) {
      assert.isTrue(passes(below, { host }, path))
    }
    for (const path of ["/", "/login", "/mcp/"]) assert.isFalse(passes(below, { host }, path))
    assert.isTrue(passes(below, { host: "127.0.0.1:4180" }, "/"))
    const atPort = makeRequestCheck({
      host: "127.0.0.1",
      publicUrl: new URL("https://example.com:8443/fleet"),
      sharedPaths: ["/mcp"],
    })
    // A proxy may leave out the port.
    assert.isFalse(passes(atPort, { host: "example.com" }, "/"))
  })

  it.each(["null", "https://evil.example", "http://192.168.1.5:4180", "file://", "x"])(
    "refuse the page %s",
    (origin) => {
      assert.isFalse(passes(local, { host: "localhost:4180", origin }))
    },
  )

  it("take a page of another port for the MCP endpoint only", () => {
    const headers = { host: "localhost:4180", origin: "http://localhost:6274" }
    assert.isTrue(passes(local, headers, "/mcp?x=1"))
    assert.isFalse(passes(local, headers, "/decide"))
    assert.isTrue(passes(local, { ...headers, origin: "http://localhost:4180" }, "/decide"))
  })

  it("take the page at the public URL, whatever host a proxy asks for", () => {
    assert.isTrue(passes(open, { host: "127.0.0.1:4180", origin: "https://fleet.example.com" }, "/decide"))
    assert.isFalse(
      passes(open, { host: "127.0.0.1:4180", origin: "https://fleet.example.com.evil.example" }, "/decide"),
    )
  })
})
