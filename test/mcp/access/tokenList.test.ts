/** The content of a token file. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { callerOf, readTokens } from "../../../src/mcp/access/tokenList.ts"

const scopes = ["read", "send", "decide"]
const one = "1".repeat(16)
const two = "two/two+two~two-two_two.two=="

const read = (content: string) => Result.getOrThrow(readTokens(content, { scopes, base: "read" }))
const problem = (content: string) => {
  const result = readTokens(content, { scopes, base: "read" })
  return Result.isFailure(result) ? result.failure.message : "none"
}

describe("A token file", () => {
  it("gives each token its name and its scopes, and all scopes where it names none", () => {
    const grants = read(`\uFEFF# my tokens\r\n\r\n${one}\r\n  ${two}\tphone  read,decide  \r\n`)
    const [unnamed, phone] = [callerOf(grants, one), callerOf(grants, two)]
    assert.match(unnamed?.subject ?? "", /^token [0-9a-f]{8}$/u)
    assert.deepStrictEqual([...(unnamed?.scopes ?? [])], scopes)
    assert.strictEqual(phone?.subject, "phone")
    assert.deepStrictEqual([...(phone?.scopes ?? [])], ["read", "decide"])
    for (const wrong of ["", "phone", one.slice(1), `${one} `, `${one}1`]) assert.isUndefined(callerOf(grants, wrong))
    assert.notInclude(JSON.stringify(grants), one)
  })

  const unusable = {
    "": "it holds no token",
    "# nothing\n": "it holds no token",
    [`${one}\nshort phone`]: "line 2: the token is shorter",
    [`\n${"ü".repeat(16)}`]: "line 2: a token consists of",
    // A forgotten name must not make a token of few scopes one of all.
    [`${one} read`]: "line 1: after the token comes its name",
    [`${one} fleet:read`]: "line 1: after the token comes its name",
    [`${one} phone read, send`]: "line 1: it takes a token, a name and scopes",
    [`${one} phone write`]: "line 1: the scopes are: read, send, decide",
    [`${one} phone read,`]: "line 1: the scopes are",
    [`${one} phone send,decide`]: "line 1: a token needs the scope read, without which no request is answered",
    [`${one}\n${two}\n${one} phone`]: "line 3: the same token as in line 1",
  }
  it.each(Object.entries(unusable))("that holds %j: %s", (content, expected) => {
    assert.include(problem(content), expected)
    assert.notInclude(problem(content), one)
  })
})
