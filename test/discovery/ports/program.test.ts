import { assert, describe, it } from "@effect/vitest"
import { programOf } from "../../../src/discovery/ports/program.ts"

describe("A program", () => {
  it.each<[string | undefined, ReadonlyArray<string>, string]>([
    ["/usr/local/bin/opencode", ["opencode", "serve"], "opencode"],
    ["/usr/lib/node_modules/opencode-ai/bin/opencode.exe", ["/usr/bin/opencode"], "opencode.exe"],
    ["/home/ada/.opencode/bin/opencode (deleted)", ["opencode"], "opencode"],
    ["/Applications/OpenCode.app/Contents/MacOS/opencode-cli", ["opencode-cli", "serve"], "opencode-cli"],
    ["/usr/bin/node", ["node", "/usr/bin/opencode", "serve"], "node"],
    ["/usr/bin/bun", ["bun", "run", "/src/opencode.ts"], "bun"],
    [undefined, ["opencode", "--port", "4096"], "opencode"],
  ])("is an opencode: %s %j", (file, args, program) => {
    assert.deepStrictEqual(programOf(file, args), { program, isOpencode: true })
  })

  it.each<[ReadonlyArray<string>, string | undefined]>([
    [["opencode", "serve", "--service"], "service"],
    [["/home/ada/.opencode/bin/opencode", "serve", "--stdio", "--port", "0"], "private"],
    [["opencode", "serve", "--port", "4096"], undefined],
    [["opencode", "--service"], undefined],
  ])("of opencode 2 serves its user, or only the program that started it: %j", (args, mode) => {
    assert.strictEqual(programOf("/bin/opencode", args).mode, mode)
    assert.isUndefined(programOf("/bin/server", ["server", ...args]).mode)
  })

  it.each<[string | undefined, ReadonlyArray<string>, string]>([
    ["/usr/bin/ssh", ["ssh", "opencode-box", "-L", "4096:127.0.0.1:4096"], "ssh"],
    ["/usr/bin/python3.12", ["python3", "-m", "http.server"], "python3.12"],
    ["/usr/bin/node", ["node", "/work/opencode/server.js"], "node"],
    ["/usr/bin/node", ["node", "server.js", "opencode"], "node"],
    ["/usr/bin/node", ["node", "--import", "./opencode.mjs", "server.js"], "node"],
    ["/usr/bin/socat", ["opencode", "TCP-LISTEN:4096"], "socat"],
    ["/home/opencode/bin/server", ["/home/opencode/bin/server"], "server"],
    [undefined, [], ""],
  ])("is something else: %s %j", (file, args, program) => {
    assert.deepStrictEqual(programOf(file, args), { program, isOpencode: false })
  })

  it("has a name of one printable line", () => {
    const { program } = programOf(`/tmp/\u001B[31mred\n${"x".repeat(500)}`, [])
    assert.notMatch(program, /\p{Cc}/u)
    assert.isBelow(program.length, 100)
  })
})
