/**
 * Calls that outlive their connection: those that go on as tasks, for clients that announce the extension, and the same call
 * again. Through restarts, forms and cancellations.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { makeRelay } from "../support/Executable.ts"
import { eventually } from "../support/eventually.ts"
import * as facts from "../support/facts.ts"
import { RealOpencode } from "../support/RealOpencode.ts"
import { onBothVersions } from "../support/requirements.ts"
import { startTaskClient, type Task, type TaskClientOptions } from "../support/TaskClient.ts"

const newSession = Effect.fnUntraced(function* (title: string) {
  return (yield* facts.createSession(yield* RealOpencode, title)).id
})

const registered = Effect.fnUntraced(function* () {
  const relay = yield* makeRelay()
  yield* relay.register("main", yield* RealOpencode)
  return relay
})

const client = Effect.fnUntraced(function* (options?: TaskClientOptions) {
  return yield* startTaskClient(yield* registered(), options)
})

const hasEnded = ({ status }: Task) => status !== "working" && status !== "input_required"
const outcomeOf = ({ result }: Task) => result?.structuredContent?.["outcome"] ?? result?.content[0]?.text
const textOf = ({ result }: Task) => result?.content.map(({ text }) => text).join("\n") ?? ""

/** A turn that needs some seconds. */
const slow = "slow: 10 300"

/** Waits until opencode has the message. */
const hasArrived = Effect.fnUntraced(function* (session: string) {
  yield* eventually((received: boolean) => received)(facts.hasReceived(yield* RealOpencode, session, slow))
})

onBothVersions((api) => {
  layer(RealOpencode.layer({ permission: "ask", api }), { excludeTestServices: true, concurrent: true })(
    "calls that outlive their connection",
    (it) => {
      it.effect("a call that takes long becomes a task, shows progress, and ends with the turn's outcome", () =>
        Effect.gen(function* () {
          const { begin, get, until } = yield* client()
          const session_id = yield* newSession("A task")
          // Long enough for its progress to be seen on a busy machine.
          const task = yield* begin("send_message", { session_id, message: "slow: 20 500" })
          assert.strictEqual(task.status, "working")
          assert.isAtMost(task.taskId.length, 128)
          const working = yield* until(task.taskId, ({ statusMessage }) => statusMessage?.includes("tick") === true)
          assert.strictEqual(working.status, "working")
          const ended = yield* until(task.taskId, hasEnded)
          assert.strictEqual(ended.status, "completed")
          assert.strictEqual(outcomeOf(ended), "completed")
          assert.include(textOf(ended), "tick 10")
          assert.deepStrictEqual((yield* get(task.taskId)).result, ended.result)
        }),
      )

      it.effect("a client that does not announce tasks gets the outcome, and cannot ask for tasks", () =>
        Effect.gen(function* () {
          const { call, request } = yield* client({ announcesTasks: false })
          const session_id = yield* newSession("No task")
          const { structuredContent } = yield* call("send_message", { session_id, message: "slow: 8 300" })
          assert.strictEqual(structuredContent?.["outcome"], "completed")
          const { error } = yield* request("tasks/get", { taskId: "x" })
          assert.strictEqual(error?.code, -32_021)
        }),
      )

      it.effect("the server is killed: another one follows the same turn, and the message was sent once", () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const relay = yield* registered()
          const session_id = yield* newSession("Killed")
          const first = yield* startTaskClient(relay)
          const { taskId } = yield* first.begin("send_message", { session_id, message: slow })
          yield* hasArrived(session_id)
          yield* first.kill("SIGKILL")
          const second = yield* startTaskClient(relay)
          const ended = yield* second.until(taskId, hasEnded)
          assert.strictEqual(outcomeOf(ended), "completed")
          assert.include(textOf(ended), "tick 10")
          const sent = (yield* facts.texts(opencode, session_id)).filter((text) => text === slow)
          assert.deepStrictEqual(sent, [slow])
          // It has ended, and is looked up.
          const third = yield* startTaskClient(relay)
          assert.strictEqual(outcomeOf(yield* third.until(taskId, hasEnded)), "completed")
        }),
      )

      it.effect("a permission is a question of the task; the answer lets the agent go on", () =>
        Effect.gen(function* () {
          const { answer, begin, until } = yield* client()
          const session_id = yield* newSession("A question")
          const { taskId } = yield* begin("send_message", { session_id, message: "run: echo from-$((40 + 2))" })
          const asking = yield* until(taskId, ({ status }) => status === "input_required")
          const [[key, { params }] = assert.fail(), ...others] = Object.entries(asking.inputRequests ?? {})
          assert.deepStrictEqual(others, [])
          assert.include(params.message, "echo from-")
          yield* answer(taskId, key, { decision: "once" })
          const ended = yield* until(taskId, hasEnded)
          assert.strictEqual(outcomeOf(ended), "completed")
          assert.include(textOf(ended), "Done: from-42")
        }),
      )

      it.effect("the server is killed while a question is open: the answer still arrives", () =>
        Effect.gen(function* () {
          const relay = yield* registered()
          const session_id = yield* newSession("Killed with a question")
          const first = yield* startTaskClient(relay)
          const { taskId } = yield* first.begin("send_message", { session_id, message: "run: echo from-$((40 + 3))" })
          const { inputRequests } = yield* first.until(taskId, ({ status }) => status === "input_required")
          yield* first.kill("SIGKILL")
          const second = yield* startTaskClient(relay)
          const [key = assert.fail()] = Object.keys(inputRequests ?? {})
          yield* second.answer(taskId, key, { decision: "once" })
          const ended = yield* second.until(taskId, hasEnded)
          assert.strictEqual(outcomeOf(ended), "completed")
          assert.include(textOf(ended), "Done: from-43")
        }),
      )

      it.effect("cancelling the task stops the waiting, and not the agent", () =>
        Effect.gen(function* () {
          const opencode = yield* RealOpencode
          const { begin, cancel, get } = yield* client()
          const session_id = yield* newSession("Cancelled")
          const { taskId } = yield* begin("send_message", { session_id, message: slow })
          yield* hasArrived(session_id)
          yield* cancel(taskId)
          const task = yield* get(taskId)
          assert.strictEqual(task.status, "cancelled")
          assert.include(task.statusMessage, "did not stop the agent")
          yield* eventually((texts: ReadonlyArray<string>) => texts.some((text) => text.includes("tick 10")))(
            facts.texts(opencode, session_id),
          )
        }),
      )

      it.effect.each([
        ["closes", {}],
        ["is killed with its server, and had chosen the message's id", { message_id: "msg_mine" }],
      ] as const)(
        "the client %s during the call: the same call follows the turn, and the message was sent once",
        (row) =>
          Effect.gen(function* () {
            const [, parameters] = row
            const opencode = yield* RealOpencode
            const relay = yield* registered()
            const session_id = yield* newSession("Sent once")
            const first = yield* startTaskClient(relay, { announcesTasks: false })
            const sameCall = { session_id, message: slow, ...parameters }
            yield* first.sendCall("send_message", sameCall)
            yield* hasArrived(session_id)
            yield* "message_id" in parameters ? first.kill("SIGKILL") : first.closeStdin
            yield* first.exited
            const second = yield* startTaskClient(relay, { announcesTasks: false })
            const { content, structuredContent } = yield* second.call("send_message", sameCall)
            assert.strictEqual(structuredContent?.["outcome"], "completed")
            assert.include(content[0]?.text, "nothing was sent")
            const sent = (yield* facts.texts(opencode, session_id)).filter((text) => text === slow)
            assert.deepStrictEqual(sent, [slow])
          }),
      )

      it.effect("what is no id of a task is refused", () =>
        Effect.gen(function* () {
          const { request } = yield* client()
          for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
            const { error } = yield* request(method, { taskId: "nonsense" })
            assert.strictEqual(error?.code, -32_602, method)
          }
        }),
      )
    },
  )
})
