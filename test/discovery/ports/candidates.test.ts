import { assert, describe, it } from "@effect/vitest"
import { candidatesOf } from "../../../src/discovery/ports/candidates.ts"
import type { Listening } from "../../../src/discovery/ports/ListeningSockets.ts"
import { listening, opencode, other } from "./listening.ts"

const addresses = ["192.0.2.2", "fd00::2", "fe80::fc:ff:fe00:1"]

/** The URL of each candidate, with its aliases. */
const urls = (...sockets: ReadonlyArray<Listening>) =>
  candidatesOf(sockets, addresses).map(({ aliases, url }) => [url, ...aliases])

/** Whether each candidate may have the password, by URL. */
const trusted = (...sockets: ReadonlyArray<Listening>) =>
  Object.fromEntries(
    candidatesOf(sockets, []).map(({ likely, mayHavePassword, url }) => {
      assert.strictEqual(likely, mayHavePassword)
      return [url, mayHavePassword]
    }),
  )

describe("A socket", () => {
  it.each<[string, ReadonlyArray<string>]>([
    ["127.0.0.1", ["http://127.0.0.1:4096"]],
    ["0.0.0.0", ["http://127.0.0.1:4096", "http://192.0.2.2:4096"]],
    ["::", ["http://127.0.0.1:4096", "http://[::1]:4096", "http://192.0.2.2:4096", "http://[fd00::2]:4096"]],
    ["::1", ["http://[::1]:4096"]],
    ["127.0.0.2", ["http://127.0.0.2:4096"]],
    ["192.0.2.2", ["http://192.0.2.2:4096"]],
    ["fd00:0:0::2", ["http://[fd00::2]:4096"]],
  ])("bound to %s is reachable there", (address, expected) => {
    assert.deepStrictEqual(urls(listening(4096, opencode(1), address)), [expected])
  })

  it("bound to a link-local address alone is not probed, because no URL leads there", () => {
    assert.deepStrictEqual(urls(listening(4096, opencode(1), "fe80::1")), [])
  })
})

describe("Several sockets", () => {
  it("of one process on one port are one server, at its preferred URL", () => {
    const both = [listening(4096, opencode(1), "::1"), listening(4096, opencode(1), "127.0.0.1")]
    assert.deepStrictEqual(urls(...both), [["http://127.0.0.1:4096", "http://[::1]:4096"]])
    const every = [listening(4096, opencode(1), "::"), listening(4096, opencode(1), "0.0.0.0")]
    assert.lengthOf(urls(...every), 1)
  })

  it("of one process on two ports, and of two processes, are several servers", () => {
    assert.lengthOf(urls(listening(4096, opencode(1)), listening(4097, opencode(1))), 2)
    assert.lengthOf(urls(listening(4096, opencode(1)), listening(4096, opencode(2), "::1")), 2)
    assert.lengthOf(urls(listening(4096, undefined), listening(4096, undefined, "::1")), 2)
  })

  it("are new candidates when the socket or its owner changes", () => {
    const socket = listening(4096, opencode(1))
    const keys = [
      socket,
      { ...socket, owner: opencode(2) },
      { ...socket, owner: undefined },
      listening(4096, opencode(1)),
    ].map((one) => candidatesOf([one], [])[0]?.key)
    assert.strictEqual(new Set(keys).size, 4)
    assert.strictEqual(candidatesOf([{ ...socket }], addresses)[0]?.key, keys[0])
  })

  it("bound to one address take precedence over sockets bound to all", () => {
    assert.deepStrictEqual(urls(listening(4096, opencode(1), "0.0.0.0"), listening(4096, other(2), "127.0.0.1")), [
      ["http://192.0.2.2:4096"],
      ["http://127.0.0.1:4096"],
    ])
  })
})

describe("The password", () => {
  it("is allowed for opencodes only", () => {
    assert.deepStrictEqual(
      trusted(
        listening(1, opencode(1)),
        listening(2, other(2)),
        listening(3, other(3, "ssh")),
        listening(4, undefined),
      ),
      {
        "http://127.0.0.1:1": true,
        "http://127.0.0.1:2": false,
        "http://127.0.0.1:3": false,
        "http://127.0.0.1:4": false,
      },
    )
  })

  it("is not allowed for a port that an opencode shares with another program", () => {
    for (const address of ["127.0.0.1", "0.0.0.0"]) {
      const one = listening(1, opencode(1), address)
      const two = listening(1, opencode(2), address)
      const theirs = listening(1, other(3), address)
      const url = "http://127.0.0.1:1"
      assert.deepStrictEqual(trusted(one, theirs), { [url]: false })
      assert.deepStrictEqual(trusted(theirs, one), { [url]: false })
      assert.deepStrictEqual(trusted(one, two), { [url]: true })
    }
  })
})
