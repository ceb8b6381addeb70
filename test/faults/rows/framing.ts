/** How the bytes of an answer can arrive: in pieces, slowly, or with a length that is not theirs. */
import { Effect } from "effect"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import { toldOnce } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

const answering = (fake: FakeState) => fake.answerWith(() => "Ünïcödé ends in 🦀.")

const lengths = [
  ["is longer than the answer", (bytes: number) => `content-length: ${bytes + 10}\r\n`, "cannot be reached"],
  [
    "is shorter than the answer",
    (bytes: number) => `content-length: ${bytes - 1}\r\n`,
    /opencode does not send|not HTTP/u,
  ],
  ["is negative", () => "content-length: -1\r\n", "not HTTP"],
  ["is no number", () => "content-length: many\r\n", "not HTTP"],
  ["is given twice", (bytes: number) => `content-length: ${bytes}\r\ncontent-length: 5\r\n`, "not HTTP"],
  [
    "stands beside chunks",
    (bytes: number) => `content-length: ${bytes}\r\ntransfer-encoding: chunked\r\n`,
    /not HTTP|cannot be reached/u,
  ],
] as const

const isDone = {
  prepare: answering,
  call: ["send_message", { message: "Do it" }],
  says: ["completed", "Ünïcödé ends in 🦀."],
  never: ["\uFFFD"],
  writes: 1,
  afterwards: toldOnce("Do it"),
} as const satisfies Partial<Row>

export const framing: ReadonlyArray<Row> = [
  ...lengths.flatMap(([what, headers, says]): ReadonlyArray<Row> => [
    {
      name: `the content length of the sessions ${what}`,
      faults: [{ to: "sessions", fault: wire.withHead(headers) }],
      call: ["list_sessions"],
      fails: true,
      says: [says],
    },
    {
      ...isDone,
      name: `the content length of the answer to a message ${what}`,
      faults: [{ to: "prompt", fault: wire.withHead(headers) }],
    },
  ]),
  {
    name: "the content length is missing, and the connection's end is that of the answer",
    faults: [{ to: "sessions", fault: wire.withHead(() => "connection: close\r\n") }],
    call: ["list_sessions"],
    says: ["The session"],
  },
  {
    ...isDone,
    name: "events and stored messages arrive in pieces of three bytes, which cut characters and lines",
    faults: (["events", "messages"] as const).map((to) => ({ to, fault: wire.inPieces(3, 0) })),
  },
  {
    name: "the sessions arrive at one byte per second",
    faults: [{ to: "sessions", fault: wire.inPieces(1, 1000) }],
    call: ["list_sessions"],
    fails: true,
    says: ["did not answer"],
  },
  {
    name: "the health arrives at one byte per second",
    faults: [{ to: "health", fault: wire.inPieces(1, 1000) }],
    call: ["list_instances"],
    says: ["timeout"],
  },
  {
    ...isDone,
    name: "the stored messages arrive at one byte per second, once, during a turn whose events are lost",
    faults: [{ to: "messages", fault: wire.inPieces(1, 1000), times: 1, afterWrite: true }],
    prepare: () => {},
    onWrite: (fake) => {
      fake.cut()
      for (const prompt of fake.prompts) fake.complete(prompt, "Ünïcödé ends in 🦀.")
    },
  },
  {
    ...isDone,
    name: "the event stream is cut every 300 ms during a turn",
    faults: [
      { to: "events", fault: (exchange) => Effect.raceFirst(exchange.pass, Effect.delay(wire.lost(exchange), 300)) },
    ],
    prepare: () => {},
    onWrite: (fake) =>
      Effect.delay(
        Effect.sync(() => fake.prompts.forEach((prompt) => fake.complete(prompt, "Ünïcödé ends in 🦀."))),
        2000,
      ),
  },
]
