/** No message is sent without an event stream; afterwards, a turn's outcome is what opencode has stored. */
import { Effect } from "effect"
import type { FakeState } from "../../../src/testing/FakeState.ts"
import type { Exchange, WireFault } from "../scene/FaultyServer.ts"
import { toldNothing, toldOnce } from "../scene/facts.ts"
import type { Row } from "../scene/Row.ts"
import * as wire from "../scene/wireFaults.ts"

/** Sends these lines, and then opencode's own events. */
const before =
  (text: string): WireFault =>
  ({ pass, response }) =>
    Effect.suspend(() => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(text)
      response.writeHead = () => response
      return pass
    })

/** Sends these lines, and then nothing more. */
const only =
  (text: string): WireFault =>
  ({ response }: Exchange) =>
    Effect.suspend(() => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(text)
      return Effect.never
    })

/** Ends the stream as soon as it is open. */
const ended: WireFault = ({ response }) =>
  Effect.sync(() => void response.writeHead(200, { "content-type": "text/event-stream" }).end())

/** What a stream may contain. */
const tolerated: ReadonlyArray<readonly [string, WireFault]> = [
  ["sends what is no JSON", before("data: {half\n\n")],
  ["sends comments", before(": ping\n\n: pong\n\n")],
  ["sends a retry line and an id", before("retry: 60000\nid: 7\n\n")],
  ["sends events of unknown types", before('data: {"type":"from.the.future","properties":{}}\n\ndata: 5\n\n')],
]

const unusable: ReadonlyArray<readonly [string, WireFault]> = [
  ["sends an event without an end, and then nothing", only('data: {"type":"server.conn')],
  ["is silent", only("")],
  ["ends at once, each time", ended],
  ["breaks at once, each time", wire.lost],
  ["is not there", wire.reply(404, { message: "no events" })],
  ["is a web page", wire.reply(200, "<!doctype html><title>Login</title>", { "content-type": "text/html" })],
  ["is refused by a proxy", wire.proxyPage(502)],
  ["is JSON", wire.reply(200, [])],
  ["is never answered", wire.hang],
]

const complete = (fake: FakeState) => {
  for (const prompt of fake.prompts) fake.complete(prompt, "All done.")
}

const isTold = {
  call: ["send_message", { message: "Do it" }],
  says: ["completed", "All done."],
  writes: 1,
  afterwards: toldOnce("Do it"),
} as const satisfies Partial<Row>

export const events: ReadonlyArray<Row> = [
  ...tolerated.map(([what, fault]): Row => ({
    ...isTold,
    name: `the event stream ${what}, during a turn`,
    faults: [{ to: "events", fault }],
    onWrite: complete,
  })),
  ...unusable.flatMap(([what, fault]): ReadonlyArray<Row> => [
    {
      name: `the event stream ${what}, before a message is sent`,
      faults: [{ to: "events", fault }],
      call: ["send_message", { message: "Do it" }],
      fails: true,
      says: [/cannot be reached|did not answer|answered "events"/u],
      afterwards: toldNothing,
    },
    {
      ...isTold,
      name: `the event stream breaks during a turn, and then ${what}`,
      faults: [
        { to: "events", fault: ({ pass }) => pass, times: 1 },
        { to: "events", fault },
      ],
      onWrite: (fake) => {
        fake.cut()
        complete(fake)
      },
    },
  ]),
]
