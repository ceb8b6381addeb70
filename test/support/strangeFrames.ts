/** A proxy to a real opencode that puts strange frames into its event streams and splits each frame in awkward places. */
import { Effect } from "effect"
import { createServer, request as requestTo } from "node:http"
import { listening } from "./loopback.ts"

/** Frames that no opencode sends, and those of opencodes to come. */
const strange = [
  ": a comment",
  "retry: 1",
  "data: {not JSON",
  "data: null",
  "data: [DONE]",
  "event: unheard.of\nid: 7\ndata",
  'data: {"directory":"/","payload":{"type":"unheard.of","properties":{}}}',
  'data: {"type":"unheard.of","properties":{"sessionID":7},"data":{"sessionID":7}}',
  'data: {"type":"message.part.updated","properties":{"part":"of another shape"}}',
  'data: {"type":"session.text.delta","data":{"text":{}}}',
  "\r\n\r",
].map((frame) => `${frame}\n\n`)

/** Splits before each byte that continues a UTF-8 character, so that no multi-byte character arrives whole. */
const split = (bytes: Buffer) => {
  const inside = [...bytes.keys()].filter((index) => ((bytes[index] ?? 0) & 0xc0) === 0x80)
  return [0, ...inside].map((start, index) => bytes.subarray(start, inside[index]))
}

const isEventStream = (url = "") => /^\/(?:global|api)\/event(?:\?|$)/u.test(url)

/** Closing the scope ends it. */
export const makeStrangeProxy = Effect.fnUntraced(function* (to: { readonly port: number }) {
  let streams = 0
  let splits = 0
  let next = 0
  const server = createServer((incoming, response) => {
    const { headers, method, url } = incoming
    const forwarded = requestTo({ host: "127.0.0.1", port: to.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      if (!isEventStream(url)) return void answer.pipe(response)
      streams++
      response.write(strange.join(""))
      answer.on("data", (chunk: Buffer) => {
        const parts = split(chunk)
        splits += parts.length - 1
        for (const part of parts) response.write(part)
        if (chunk.toString("latin1").endsWith("\n\n")) response.write(strange[next++ % strange.length])
      })
      answer.on("end", () => response.end())
    })
    incoming.pipe(forwarded)
    forwarded.on("error", () => response.destroy())
    response.on("close", () => forwarded.destroy())
  })
  const port = yield* listening(server)
  return {
    port,
    /** The event streams that were opened, and the characters that were split. */
    seen: Effect.sync(() => ({ streams, splits })),
  }
})
