/** Calls that go on as tasks: what their client sees of them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { CallToolResult } from "@modelcontextprotocol/server"
import type { CallValues } from "../../../src/mcp/Call.ts"
import { makeTasks, type Resumption } from "../../../src/mcp/tasks/Tasks.ts"
import { about, callOf } from "./taskRequests.ts"

/** A tool's work. */
type Work = (call: CallValues, name: string) => Effect.Effect<string>

const resultOf = (text: string): CallToolResult => ({ content: [{ type: "text", text }] })

/** `resumed:` begins the states that a call can continue from. */
const resume = (state: string) => (state.startsWith("resumed:") ? { name: "read", args: {} } : undefined)

const make = (work: Work, mayResume: (call: Resumption) => boolean = () => true) =>
  makeTasks(
    { resume, cancelled: "Stopped waiting." },
    {
      mayResume,
      run: ({ name }, { elicit, values }) =>
        elicit((elicitation) => Effect.map(work({ ...values, ...elicitation }, name), resultOf)),
    },
  )

const checkpoint = ({ task }: CallValues, state = "resumed:1") => task?.checkpoint(state) ?? Effect.die("no task")

/** Begins a call that becomes a task, and returns the task's id. */
const begin = Effect.fnUntraced(function* (tasks: Effect.Success<ReturnType<typeof make>>, subject?: string) {
  const calling = yield* Effect.forkChild(tasks.call(callOf("work", subject === undefined ? {} : { subject })))
  yield* TestClock.adjust("2 seconds")
  const { resultType, taskId } = yield* Fiber.join(calling)
  assert.strictEqual(resultType, "task")
  return String(taskId)
})

const ask = (call: CallValues, name: string) =>
  Effect.map(call.ask({ message: "Sure?", form: Schema.Struct({ sure: Schema.Boolean }), state: "", name }), (reply) =>
    JSON.stringify(reply),
  )

describe("a call that can become a task", () => {
  it.effect("is answered with its result within 1.5 s", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) =>
        checkpoint(call).pipe(Effect.andThen(Effect.sleep("1 second")), Effect.as("short")),
      )
      const calling = yield* Effect.forkChild(tasks.call(callOf("work")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(calling), resultOf("short"))
    }).pipe(Effect.scoped),
  )

  it.effect("becomes none before its first checkpoint, because nothing could continue it", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) =>
        Effect.sleep("10 seconds").pipe(Effect.andThen(checkpoint(call)), Effect.andThen(Effect.never)),
      )
      const calling = yield* Effect.forkChild(tasks.call(callOf("work")))
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(calling.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.match(String((yield* Fiber.join(calling))["taskId"]), /\.resumed:1$/u)
    }).pipe(Effect.scoped),
  )

  it.effect("becomes a task with its first question, which its client could not see otherwise", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) => ask(call, "sure"))
      const id = yield* begin(tasks)
      assert.deepInclude(yield* tasks.get(about(id)), { status: "input_required" })
      yield* tasks.update(about(id, { inputResponses: { sure: { action: "decline" } } }))
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* tasks.get(about(id)), { status: "completed", result: resultOf('{"action":"decline"}') })
    }).pipe(Effect.scoped),
  )

  it.effect("ends with its request until it is a task", () =>
    Effect.gen(function* () {
      let ended = false
      const tasks = yield* make((call) =>
        Effect.andThen(checkpoint(call), Effect.never).pipe(
          Effect.onInterrupt(() => Effect.sync(() => (ended = true))),
        ),
      )
      const calling = yield* Effect.forkChild(tasks.call(callOf("work")))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(calling)
      assert.isTrue(ended)
    }).pipe(Effect.scoped),
  )

  it.effect("shows its progress, its questions once each, and its result", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) =>
        Effect.gen(function* () {
          yield* checkpoint(call)
          yield* call.progress({ progress: 1, message: "half" })
          yield* Effect.sleep("10 seconds")
          return `${yield* ask(call, "sure")} ${yield* ask(call, "sure")}`
        }),
      )
      const id = yield* begin(tasks)
      assert.deepInclude(yield* tasks.get(about(id)), { status: "working", statusMessage: "half" })
      yield* TestClock.adjust("10 seconds")
      const answer = (key: string, content: object) =>
        tasks.update(about(id, { inputResponses: { [key]: { action: "accept", content } } }))
      for (const key of ["sure", "sure.2"]) {
        const asking = yield* tasks.get(about(id))
        assert.deepInclude(asking, { status: "input_required" })
        assert.hasAllKeys(asking && "inputRequests" in asking ? asking.inputRequests : {}, [key])
        yield* answer("unknown", { sure: false })
        yield* answer(key, { sure: true })
        yield* TestClock.adjust("1 second")
      }
      const reply = JSON.stringify({ action: "accept", content: { sure: true } })
      assert.deepInclude(yield* tasks.get(about(id)), { status: "completed", result: resultOf(`${reply} ${reply}`) })
    }).pipe(Effect.scoped),
  )

  it.effect("is interrupted when its client cancels it, and says what that means", () =>
    Effect.gen(function* () {
      let ended = false
      const tasks = yield* make((call) =>
        Effect.andThen(checkpoint(call), Effect.never).pipe(
          Effect.onInterrupt(() => Effect.sync(() => (ended = true))),
        ),
      )
      const id = yield* begin(tasks)
      yield* tasks.cancel(about(id))
      assert.isTrue(ended)
      assert.deepInclude(yield* tasks.get(about(id)), { status: "cancelled", statusMessage: "Stopped waiting." })
    }).pipe(Effect.scoped),
  )
})

describe("a task of another process", () => {
  const id = "mx1r20uk.resumed:1"

  it.effect("is continued from its state, by a call that only reads; an answer may come before its question", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call, name) =>
        Effect.gen(function* () {
          assert.strictEqual(name, "read")
          assert.deepInclude(Option.getOrThrow(call.resumed), { state: "resumed:1" })
          return yield* ask(call, "sure")
        }),
      )
      const reply = { action: "accept", content: { sure: true } }
      const asking = yield* tasks.get(about(id))
      assert.deepInclude(asking, {
        status: "input_required",
        createdAt: new Date(Number.parseInt("mx1r20uk", 36)).toISOString(),
      })
      yield* tasks.update(about(id, { inputResponses: { sure: reply } }))
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* tasks.get(about(id)), { status: "completed", result: resultOf(JSON.stringify(reply)) })
    }).pipe(Effect.scoped),
  )

  it.effect.each(["", "nonsense", "mx1r20uk.other", `mx1r20uk.resumed:${"1".repeat(120)}`, "mx1r20uk.resumed: 1"])(
    "is none with the id %o",
    (id) =>
      Effect.gen(function* () {
        const tasks = yield* make(() => Effect.die("must not run"))
        assert.isUndefined(yield* tasks.get(about(id)))
        assert.isUndefined(yield* tasks.update(about(id)))
      }).pipe(Effect.scoped),
  )

  it.effect("is none for a caller who may not make that call", () =>
    Effect.gen(function* () {
      const tasks = yield* make(
        () => Effect.die("must not run"),
        () => false,
      )
      assert.isUndefined(yield* tasks.get(about(id, { subject: "somebody" })))
    }).pipe(Effect.scoped),
  )

  it.effect("belongs to its caller: another one cannot cancel it", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) => Effect.andThen(checkpoint(call), Effect.never))
      const id = yield* begin(tasks, "one")
      yield* tasks.cancel(about(id, { subject: "other" }))
      assert.deepInclude(yield* tasks.get(about(id, { subject: "one" })), { status: "working" })
    }).pipe(Effect.scoped),
  )

  it.effect("is looked up in turn: one caller who asks for many delays the others by seconds at most", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) => Effect.andThen(checkpoint(call), Effect.never))
      const known = yield* begin(tasks, "one")
      const forged = Array.from({ length: 50 }, (_, index) => `mx1r20${index + 10}.resumed:1`)
      for (const id of forged) yield* Effect.forkChild(tasks.get(about(id, { subject: "many" })))
      const other = yield* Effect.forkChild(tasks.get(about(id, { subject: "other" })))
      const own = yield* Effect.forkChild(tasks.get(about(known, { subject: "one" })))
      yield* TestClock.adjust(0)
      assert.isDefined(own.pollUnsafe())
      for (let second = 1; second <= 3; second++) yield* TestClock.adjust("1 second")
      assert.isDefined(other.pollUnsafe())
    }).pipe(Effect.scoped),
  )

  it.effect("leaves room for those of other callers", () =>
    Effect.gen(function* () {
      const tasks = yield* make((call) => Effect.andThen(checkpoint(call), Effect.never))
      const askFor = Effect.fnUntraced(function* (number: number, subject: string) {
        const asking = yield* Effect.forkChild(tasks.get(about(`${number}.resumed:1`, { subject })))
        yield* TestClock.adjust("1 second")
        return yield* Fiber.join(asking)
      })
      for (let number = 1; number <= 400; number++) assert.isDefined(yield* askFor(number, "many"))
      assert.isUndefined(yield* askFor(401, "many"))
      assert.isDefined(yield* askFor(401, "other"))
    }).pipe(Effect.scoped),
  )

  it.effect("is looked up again an hour after its end", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      const tasks = yield* make((call, name) =>
        Effect.andThen(
          Effect.sync(() => void ran.push(name)),
          name === "read"
            ? Effect.succeed("again")
            : checkpoint(call).pipe(Effect.andThen(Effect.sleep("2 seconds")), Effect.as("first")),
        ),
      )
      const id = yield* begin(tasks)
      assert.deepInclude(yield* tasks.get(about(id)), { status: "completed", result: resultOf("first") })
      yield* TestClock.adjust("61 minutes")
      yield* begin(tasks)
      assert.deepInclude(yield* tasks.get(about(id)), { result: resultOf("again") })
      assert.deepStrictEqual(ran, ["work", "work", "read"])
    }).pipe(Effect.scoped),
  )
})
