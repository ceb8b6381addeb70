import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { addTurn, none, summarise } from "../../../src/opencode/changes/FileChanges.ts"
import type { FileDiff } from "../../../src/opencode/changes/FileDiff.ts"
import { fileDiff } from "../../support/diffs.ts"

const merged = (...turns: ReadonlyArray<ReadonlyArray<FileDiff>>) => summarise(turns.reduce(addTurn, none))

const facts = (...turns: ReadonlyArray<ReadonlyArray<FileDiff>>) =>
  merged(...turns).files.map(
    ({ additions, deletions, path, status }) => `${path} ${status} +${additions} -${deletions}`,
  )

/** A turn that created these files. */
const turn = (...files: ReadonlyArray<string>) => files.map((file) => fileDiff(file, undefined, "x\n"))

describe("The changes of several turns", () => {
  it("to one file are one diff, from before the first to after the last", () => {
    const { files } = merged(
      [fileDiff("f", "1\n2\n3\n", "1\ntwo\n3\n")],
      [fileDiff("f", "1\ntwo\n3\n", "1\nTWO\n3\n4\n")],
    )
    assert.deepStrictEqual(files, [
      {
        path: "f",
        status: "modified",
        additions: 2,
        deletions: 1,
        turns: 2,
        patches: ["--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n 1\n-2\n+TWO\n 3\n+4\n"],
      },
    ])
  })

  it.each([
    ["added, then modified", ["", "a\n", "a\nb\n"], ["f added +2 -0"]],
    ["added, then deleted", ["", "a\n", undefined], []],
    ["modified, then deleted", ["a\n", "b\nc\n", undefined], ["f deleted +0 -1"]],
    ["deleted, then added as it was", ["a\n", undefined, "a\n"], []],
    ["deleted, then added in another form", ["a\nb\n", undefined, "a\nc\n"], ["f modified +1 -1"]],
    ["modified and changed back", ["a\n", "b\n", "a\n"], []],
    ["added empty, then filled", ["", "", "a\n"], ["f added +1 -0"]],
    ["added, deleted, and added again", ["", "a\n", undefined, "b\n"], ["f added +1 -0"]],
  ] as const)("to a file that was %s", (name, versions, expected) => {
    const added = versions[0] === ""
    const turns = versions
      .slice(1)
      .map((after, index) => [fileDiff("f", index === 0 && added ? undefined : versions[index], after)])
    assert.deepStrictEqual(facts(...turns), [...expected], name)
    assert.strictEqual(merged(...turns).undone, expected.length === 0 ? 1 : 0)
  })

  it("are listed in order and summed if something else changed the file in between", () => {
    const { files } = merged([fileDiff("f", "a\n", "b\n")], [fileDiff("f", "elsewhere\n", "c\nd\n")])
    assert.strictEqual(files.length, 1)
    assert.deepInclude(files[0], { status: "modified", additions: 3, deletions: 2 })
    const patches = files[0]?.patches ?? []
    assert.strictEqual(patches.length, 2)
    assert.include(patches[0], "+b")
    assert.include(patches[1], "+c")
  })

  it("are composed across a turn that changed only the file's mode", () => {
    const mode: FileDiff = { file: "f", patch: "--- f\t\n+++ f\t\n", additions: 0, deletions: 0, status: "modified" }
    const { files } = merged([fileDiff("f", "a\n", "b\n")], [mode], [fileDiff("f", "b\n", "c\n")])
    assert.deepInclude(files[0], { additions: 1, deletions: 1, turns: 3 })
    assert.lengthOf(files[0]?.patches ?? [], 1)
    assert.deepStrictEqual(facts([mode], [mode]), ["f modified +0 -0"])
  })

  it("include files for which opencode gives no text, with their line counts", () => {
    const binary: FileDiff = { file: "b.bin", patch: "", additions: 0, deletions: 0, status: "added" }
    const quoted: FileDiff = {
      file: 'a"b',
      patch: 'Index: "a\\"b"\n--- "a\\"b"\t\n+++ "a\\"b"\t\n',
      additions: 3,
      deletions: 1,
      status: "modified",
    }
    const bare: FileDiff = { additions: 1, deletions: 0 }
    const { files } = merged([binary, quoted, bare], [{ ...binary, status: "modified" }, quoted])
    assert.deepStrictEqual(
      files.map(({ additions, deletions, patches, status }) => ({ additions, deletions, patches, status })),
      [
        { additions: 6, deletions: 2, patches: [], status: "modified" },
        { additions: 0, deletions: 0, patches: [], status: "added" },
        { additions: 1, deletions: 0, patches: [], status: "modified" },
      ],
    )
  })

  it.each([
    ["a plain name", "ü.txt", "b/ü.txt"],
    ["spaces, after which GNU patch needs a tab", "my file.txt", "b/my file.txt\t"],
    ["a quote, a backslash and control characters", 'a"\\\t\u0001', String.raw`"b/a\"\\\t\001"`],
  ])("name a file as git does: %s", (_, file, header) => {
    const patch = "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n"
    const { files } = merged([{ file, patch, additions: 1, deletions: 0, status: "added" }])
    assert.deepStrictEqual(files[0]?.patches, [`--- /dev/null\n+++ ${header}\n@@ -0,0 +1 @@\n+a\n`])
  })

  it("keep a patch that omits lines unchanged", () => {
    const patch = "--- f\n+++ f\n@@ -10,1 +10,1 @@\n-a\n+b\n"
    const { files } = merged([{ file: "f", patch, additions: 1, deletions: 1, status: "modified" }])
    assert.deepStrictEqual(files[0]?.patches, [patch])
  })

  it("start with the file that was changed last", () => {
    assert.deepStrictEqual(
      merged(turn("a", "b"), turn("c"), turn("a")).files.map(({ path }) => path),
      ["a", "c", "b"],
    )
  })

  const Turns = Schema.Array(
    Schema.Array(
      Schema.Struct({
        file: Schema.Literals(["a", "b", "c"]),
        patch: Schema.Literals(["", "--- f\n+++ f\n@@ -9,1 +9,1 @@\n-a\n+b\n"]),
        additions: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
        deletions: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
        status: Schema.Literal("modified"),
      }),
    ),
  )

  it.prop("that cannot be composed lose no line and no file", [Turns], ([turns]) => {
    const { files, undone } = merged(...turns)
    const all = turns.flat()
    for (const name of ["additions", "deletions", "turns"] as const) {
      assert.strictEqual(
        files.reduce((sum, file) => sum + file[name], 0),
        all.reduce((sum, file) => sum + (name === "turns" ? 1 : file[name]), 0),
      )
    }
    assert.strictEqual(undone, 0)
    assert.sameMembers(
      files.map(({ path }) => path),
      [...new Set(all.map(({ file }) => file))],
    )
  })
})
