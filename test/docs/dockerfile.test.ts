/** What the Dockerfile copies is in its build context, and what it runs is there. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { read } from "./pages.ts"

const lines = read("Dockerfile").replaceAll("\\\n", "").split("\n")

const instructions = (name: string) =>
  lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1).trim()] : []))

const copied = instructions("COPY").flatMap((text) =>
  text.startsWith("--from") ? [] : text.split(/\s+/u).slice(0, -1),
)

const sent = read(".dockerignore")
  .split("\n")
  .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []))

describe("The Dockerfile", () => {
  it.each(copied)("copies a file of the repository: %s", (source) => {
    assert.isTrue(existsSync(fileURLToPath(new URL(`../../${source}`, import.meta.url))))
  })

  it("is sent what it copies, and nothing else", () => {
    assert.sameMembers(
      sent,
      copied.map((source) => source.replace("./", "")),
    )
    assert.match(read(".dockerignore"), /^\*$/mu)
  })

  it("runs the executable that it copies, on the Node that the build needs, not as root", () => {
    assert.include(instructions("COPY"), "--from=build /build/dist/bin /opt/opencode-fleet")
    assert.deepStrictEqual(instructions("ENTRYPOINT"), ['["node", "/opt/opencode-fleet/opencode-fleet.mjs"]'])
    assert.include(read("package.json"), '"opencode-fleet": "dist/bin/opencode-fleet.mjs"')
    assert.deepStrictEqual(new Set(instructions("FROM")), new Set(["node:24-slim AS build", "node:24-slim"]))
    assert.deepStrictEqual(instructions("USER"), ["node"])
  })

  it("listens on the port that it exposes and docs/http.md publishes", () => {
    const [command = ""] = instructions("CMD")
    const port = /"0\.0\.0\.0:(\d+)"/u.exec(command)?.[1]
    assert.deepStrictEqual(instructions("EXPOSE"), [port])
    assert.include(read("docs/http.md"), `-p 127.0.0.1:${port}:${port}`)
  })
})
