/** get_diff on a real opencode: the changes of its turns, and the reason if opencode records none. */
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Path, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { GetDiff } from "../../src/tools/changes/ChangeTools.ts"
import { AbortSession } from "../../src/tools/turns/TurnTools.ts"
import { SendMessage } from "../../src/tools/turns/TurnTools.ts"
import { FleetClient } from "../support/McpClients.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/opencodeFacts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

/** A turn in which the agent runs the command. */
const run = Effect.fnUntraced(function* (session_id: string, command: string) {
  const client = yield* FleetClient
  const turn = yield* client.call(SendMessage, { session_id, message: `run: ${command}` })
  assert.strictEqual(turn.outcome, "completed")
  return turn
})

const diff = (session_id: string, message_id?: string) =>
  Effect.flatMap(FleetClient, (client) =>
    client.call(GetDiff, { session_id, ...(message_id === undefined ? {} : { message_id }) }),
  )

const brief = ({ files }: typeof GetDiff.successSchema.Type) =>
  files.map(({ additions, deletions, path, status }) => `${path} ${status} +${additions} -${deletions}`).toSorted()

layer(FleetClient.layer({ snapshots: true }), { excludeTestServices: true })("get_diff", (it) => {
  it.effect("combines the changes of two turns into a patch that git can revert", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const { directory } = yield* RealOpencode
      const file = path.join(directory, "numbers.txt")
      const numbers = Array.from({ length: 100 }, (_, index) => `${index + 1}\n`).join("")
      yield* fs.writeFileString(file, numbers)
      const session = yield* newSession("Two turns")
      yield* run(session, "sed -i s/^50$/fifty/ numbers.txt; echo new > 'made here.txt'; echo x > passing.txt")
      yield* run(session, "sed -i s/^fifty$/FIFTY/ numbers.txt; echo 101 >> numbers.txt; rm passing.txt")
      const view = yield* diff(session)
      assert.deepStrictEqual(brief(view), ["made here.txt added +1 -0", "numbers.txt modified +2 -1"])
      assert.deepInclude(view, { file_count: 2, additions: 3, deletions: 1, turn_count: 2 })
      const patch = view.files.find(({ path }) => path === "numbers.txt")?.patch ?? ""
      assert.strictEqual(
        patch,
        "--- a/numbers.txt\n+++ b/numbers.txt\n@@ -47,7 +47,7 @@\n 47\n 48\n 49\n-50\n+FIFTY\n 51\n 52\n 53\n@@ -98,3 +98,4 @@\n 98\n 99\n 100\n+101\n",
      )
      const whole = view.files.map((file) => file.patch ?? "").join("")
      const git = ChildProcess.make("git", ["apply", "-R"], {
        cwd: directory,
        stdin: Stream.encodeText(Stream.make(whole)),
      })
      assert.strictEqual(yield* spawner.exitCode(git), ChildProcessSpawner.ExitCode(0))
      assert.strictEqual(yield* fs.readFileString(file), numbers)
      assert.isFalse(yield* fs.exists(path.join(directory, "made here.txt")))
    }),
  )

  it.effect("shows one turn, by its message", () =>
    Effect.gen(function* () {
      const session = yield* newSession("One turn")
      const first = yield* run(session, "echo 1 > one.txt")
      const second = yield* run(session, "echo 2 > two.txt; rm one.txt")
      assert.deepStrictEqual(brief(yield* diff(session, first.message_id)), ["one.txt added +1 -0"])
      assert.deepStrictEqual(brief(yield* diff(session, second.message_id)), [
        "one.txt deleted +0 -1",
        "two.txt added +1 -0",
      ])
      const client = yield* FleetClient
      const refused = yield* client.text(GetDiff, { session_id: session, message_id: "msg_nobody" })
      assert.include(refused, "get_session shows the ids")
    }),
  )

  it.effect("shows files of any kind and name", () =>
    Effect.gen(function* () {
      const session = yield* newSession("Names")
      yield* run(
        session,
        "printf 'a\\000b' > b.bin; echo e > '```evil```.txt'; echo n > $'new\\n### line'; echo u > 'ü日.txt'",
      )
      const { files } = yield* diff(session)
      const patches = new Map(files.map(({ detail, patch, path }) => [path, patch ?? detail ?? ""]))
      assert.include(patches.get("```evil```.txt"), "+e\n")
      assert.include(patches.get("ü日.txt"), "+u\n")
      for (const name of ["b.bin", "new ### line"]) assert.include(patches.get(name), "no text diff", name)
      const text = yield* Effect.flatMap(FleetClient, (client) => client.text(GetDiff, { session_id: session }))
      assert.include(text, "```` ```evil```.txt ````")
      assert.notMatch(text, /^### line/mu)
    }),
  )

  it.effect("names the files that a stopped turn changed", () =>
    Effect.gen(function* () {
      const client = yield* FleetClient
      const { directory } = yield* RealOpencode
      const fs = yield* FileSystem.FileSystem
      const session = yield* newSession("Stopped")
      yield* client.call(SendMessage, {
        session_id: session,
        message: "run: echo half > half.txt; sleep 50",
        async: true,
      })
      yield* fs.exists(`${directory}/half.txt`).pipe(eventually((there) => there))
      assert.include((yield* diff(session)).note, "A turn is running")
      yield* client.call(AbortSession, { session_id: session })
      const view = yield* diff(session).pipe(
        eventually(({ files_without_diff: untold_files }) => untold_files.length > 0),
      )
      assert.deepStrictEqual(view.files_without_diff, [`${directory}/half.txt`])
    }),
  )

  it.effect("says that nothing was changed", () =>
    Effect.gen(function* () {
      const client = yield* FleetClient
      const session = yield* newSession("Talk")
      assert.include((yield* diff(session)).note, "No messages yet")
      yield* client.call(SendMessage, { session_id: session, message: "hello" })
      assert.include((yield* diff(session)).note, "No file was changed")
    }),
  )

  it.effect("says that there is no git", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const fs = yield* FileSystem.FileSystem
      const directory = `${opencode.home}/plain`
      yield* fs.makeDirectory(directory)
      const { id } = yield* facts.createSession({ ...opencode, directory }, "No git")
      yield* run(id, "echo a > a.txt")
      assert.include((yield* diff(id)).note, "not in a git repository")
    }),
  )

  it.effect("says that snapshots are off", () =>
    Effect.gen(function* () {
      const opencode = yield* RealOpencode
      const fs = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const directory = `${opencode.home}/off`
      yield* spawner.exitCode(ChildProcess.make("git", ["clone", "--quiet", opencode.directory, directory]))
      yield* fs.writeFileString(`${directory}/opencode.json`, JSON.stringify({ snapshot: false }))
      const { id } = yield* facts.createSession({ ...opencode, directory }, "Off")
      yield* run(id, "echo a > a.txt")
      const view = yield* diff(id)
      assert.strictEqual(view.file_count, 0)
      assert.include(view.note, "snapshots are off")
    }),
  )
})
