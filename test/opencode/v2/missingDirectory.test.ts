/** Whether opencode 2 has a directory, which it says of none that it cannot list. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { OpencodeClient } from "../../../src/opencode/Opencode.ts"
import * as OpencodeV2 from "../../../src/opencode/v2/OpencodeV2.ts"

type Children = ReadonlyArray<readonly [path: string, type: "file" | "directory"]>

/** A server that lists these directories, and answers 500 without a body about all others. */
const listing = (directories: Readonly<Record<string, Children>>) =>
  OpencodeV2.layer.pipe(
    Layer.provide(
      Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request, { pathname, searchParams }) => {
          const children = pathname === "/api/fs/list" ? directories[searchParams.get("path") ?? ""] : undefined
          const answer =
            children === undefined
              ? new Response(null, { status: 500 })
              : Response.json({ data: children.map(([path, type]) => ({ path, type })) })
          return Effect.succeed(HttpClientResponse.fromWeb(request, answer))
        }),
      ),
    ),
  )

const target = { instance: "laptop", url: "http://127.0.0.1:4096", credentials: undefined }

const hasDirectory = (directory: string) =>
  Effect.flatMap(OpencodeClient, (client) => client.at(target).hasDirectory(directory))

const root: Children = [
  ["../../home/", "directory"],
  ["../../notes", "file"],
]

describe("opencode 2: a directory", () => {
  it.live.each([
    ["is there if it can be listed", "/home/ada/shop", { "/home/ada/shop": [] }, true],
    ["is missing if the directory above does not list it", "/home/ada", { "/home": [["../bob/", "directory"]] }, false],
    ["is missing with the directories above it", "/home/ada/shop/web", { "/home": [], "/": root }, false],
    ["is missing if it is a file", "/notes", { "/": root }, false],
    ["is missing below a file", "/notes/shop", { "/": root }, false],
    ["is missing on a drive of Windows", "C:\\ada\\shop", { "C:\\ada": [["bob\\", "directory"]] }, false],
  ] as const)("%s", ([, directory, directories, expected]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* hasDirectory(directory), expected)
    }).pipe(Effect.provide(listing(directories))),
  )

  it.live.each([
    ["the directory above lists it, so opencode may not read it", "/home", { "/": root }],
    ["opencode answers nothing else either", "/home/ada", {}],
  ] as const)("is not missing if %s", ([, directory, directories]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(hasDirectory(directory))
      assert.deepInclude(error, { _tag: "UnexpectedResponse", status: 500 })
    }).pipe(Effect.provide(listing(directories))),
  )
})
