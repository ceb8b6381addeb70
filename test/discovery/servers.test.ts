import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { serversOf } from "../../src/discovery/servers.ts"
import { announcement } from "./announcements.ts"

const names = (servers: ReadonlyArray<{ readonly name: string }>) => servers.map(({ name }) => name)

describe("serversOf", () => {
  it("merges two announcements of one URL, the first of which counts, and reports the other", () => {
    const found = [announcement("first", 4096), announcement("other", 4097), announcement("second", 4096)]
    const { problems, servers } = serversOf(found)
    assert.deepStrictEqual(names(servers), ["first", "other"])
    assert.lengthOf(problems, 1)
    assert.include(problems[0]?.reason, "http://127.0.0.1:4096")
  })

  it("uses the announcement written last, because the port may have belonged to another server before", () => {
    const found = [announcement("before", 4096, { writtenAt: 1 }), announcement("now", 4096, { writtenAt: 2 })]
    assert.deepStrictEqual(names(serversOf(found).servers), ["now"])
    assert.deepStrictEqual(names(serversOf(found.toReversed()).servers), ["now"])
  })

  it("keeps two instances of one name on two ports", () => {
    assert.lengthOf(serversOf([announcement("api", 4096), announcement("api", 4097)]).servers, 2)
  })

  it("ignores a registration of an exited process if another one has its port", () => {
    const left = announcement("a-stale", 4096)
    const now = announcement("b-live", 4096)
    const { problems, servers } = serversOf([left, now], ({ name }) => name === "a-stale")
    assert.deepStrictEqual(names(servers), ["b-live"])
    assert.deepStrictEqual(
      problems.map(({ source }) => source),
      [left.source],
    )
  })

  it("keeps one registration if all processes have exited", () => {
    const left = [announcement("a-stale", 4096), announcement("b-stale", 4096)]
    assert.deepStrictEqual(names(serversOf(left, () => true).servers), ["a-stale"])
  })
})

describe("A server that several transports have found", () => {
  const byPort = announcement("opencode-4096", 4096, {
    transport: "local-ports",
    source: "port 4096",
    host: "laptop",
    directory: "/work/shop",
    aliases: ["http://192.168.1.5:4096"],
  })
  const announced = announcement("shop", 4096, { host: "" })
  const onNetwork = announcement("elsewhere", 4096, {
    transport: "mdns",
    source: "mdns 192.168.1.5",
    url: "http://192.168.1.5:4096",
    passwordWithheld: "anybody can announce",
  })

  it("is asked with the credentials that one of them found for that URL", () => {
    const credentials = { username: "opencode", password: Redacted.make("generated") }
    const service = announcement("laptop", 4096, { transport: "service", api: 2, credentials })
    const [server] = serversOf([announced, service]).servers
    assert.strictEqual(server?.name, "shop")
    assert.strictEqual(server?.credentials, credentials)
    assert.strictEqual(server?.api, 2)
    const elsewhere = serversOf([announced, announcement("other", 4097, { credentials })]).servers
    assert.deepStrictEqual(
      elsewhere.map(({ credentials }) => credentials),
      [undefined, credentials],
    )
  })

  it("is listed once, under the name from the first transport, with all transports", () => {
    const { problems, servers } = serversOf([announced, byPort, onNetwork])
    assert.deepStrictEqual(
      servers.map(({ directory, host, name, transports, url }) => ({ directory, host, name, transports, url })),
      [
        {
          name: "shop",
          url: "http://127.0.0.1:4096",
          transports: ["local-relay", "local-ports", "mdns"],
          host: "laptop",
          directory: "/work/shop",
        },
      ],
    )
    assert.deepStrictEqual(problems, [])
  })

  it("has the other URLs as fallbacks, each with its own decision about the password", () => {
    const [server] = serversOf([announced, byPort, onNetwork]).servers
    assert.deepStrictEqual(server?.passwordWithheld, undefined)
    assert.deepStrictEqual(
      server?.fallbacks.map(({ passwordWithheld, url }) => ({ passwordWithheld, url })),
      [{ url: "http://192.168.1.5:4096", passwordWithheld: "anybody can announce" }],
    )
  })

  it("takes its name from the first transport, even if another one was written later", () => {
    const { servers } = serversOf([byPort, { ...announced, writtenAt: 5 }])
    assert.deepStrictEqual(names(servers), ["opencode-4096"])
  })

  it("has one fallback per URL, and two announcements of one transport there are no problem", () => {
    const left = announcement("left", 4097)
    const right = announcement("right", 4098)
    const { problems, servers } = serversOf(
      [announced, left, right, { ...right, transport: "mdns" }],
      undefined,
      () => "the same",
    )
    assert.deepStrictEqual(
      servers.map(({ transports, fallbacks }) => ({ transports, fallbacks: fallbacks.map(({ url }) => url) })),
      [{ transports: ["local-relay", "mdns"], fallbacks: [left.url, right.url] }],
    )
    assert.deepStrictEqual(problems, [])
  })

  it("uses the first of two announcements of a fallback URL", () => {
    const trusted = { ...onNetwork, transport: "tailscale", source: "peer", passwordWithheld: undefined }
    const [server] = serversOf([announced, byPort, trusted, onNetwork]).servers
    assert.deepStrictEqual(
      server?.fallbacks.map(({ source }) => source),
      ["peer"],
    )
  })

  it("has no untrusted fallback, unless it was found by no other", () => {
    const untrusted = { ...onNetwork, untrusted: true }
    const [server] = serversOf([announced, byPort, untrusted]).servers
    assert.deepStrictEqual(server?.transports, ["local-relay", "local-ports", "mdns"])
    assert.deepStrictEqual(server?.fallbacks, [])
    const other = { ...untrusted, url: "http://192.168.1.6:4096", aliases: [untrusted.url] }
    assert.lengthOf(serversOf([untrusted, other]).servers[0]?.fallbacks ?? [], 1)
  })

  it("counts as two if nothing shows that it is one", () => {
    const { servers } = serversOf([announced, { ...onNetwork, url: "http://192.168.1.6:4096" }])
    assert.deepStrictEqual(names(servers), ["shop", "elsewhere"])
  })

  it("is merged by its fingerprint, whatever its URLs", () => {
    const far = { ...onNetwork, url: "http://100.64.0.7:4096" }
    const { servers } = serversOf([announced, far], undefined, () => "the same")
    assert.deepStrictEqual(
      servers.map(({ transports }) => transports),
      [["local-relay", "mdns"]],
    )
  })

  it("ignores a registration whose process has exited, and says why", () => {
    const { problems, servers } = serversOf([announced, byPort], (one) => one === announced)
    assert.deepStrictEqual(
      servers.map(({ name, transports }) => ({ name, transports })),
      [{ name: "opencode-4096", transports: ["local-ports"] }],
    )
    assert.deepStrictEqual(
      problems.map(({ source }) => source),
      [announced.source],
    )
  })

  it("is merged through a third announcement that shares a key with both", () => {
    const left = announcement("left", 1, { aliases: ["http://10.0.0.1:1"] })
    const right = announcement("right", 2, { transport: "tailscale", aliases: ["http://10.0.0.2:2"] })
    const between = announcement("between", 3, {
      transport: "mdns",
      aliases: ["http://10.0.0.1:1", "http://10.0.0.2:2"],
    })
    assert.deepStrictEqual(names(serversOf([left, right, between]).servers), ["left"])
  })
})
