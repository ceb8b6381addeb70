/** What a client and the server said to each other, read from the recorder's files. */
import { Effect, FileSystem, Option, Path, Schema } from "effect"

const Entry = Schema.fromJsonString(
  Schema.Struct({
    at: Schema.Finite,
    from: Schema.Literals(["client", "server", "stderr", "recorder"]),
    text: Schema.String,
  }),
)

const opt = Schema.optionalKey
const Fields = Schema.Record(Schema.String, Schema.Unknown)

const Message = Schema.Struct({
  id: opt(Schema.Union([Schema.String, Schema.Finite, Schema.Null])),
  method: opt(Schema.String),
  params: opt(Fields),
  result: opt(Fields),
  error: opt(Schema.Unknown),
})
export type Message = typeof Message.Type

export interface Said {
  readonly from: "client" | "server"
  readonly message: Message
}

/** One request with its answer. */
export interface Exchange {
  readonly from: "client" | "server"
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  readonly result: Readonly<Record<string, unknown>> | undefined
}

export interface Recording {
  readonly exchanges: ReadonlyArray<Exchange>
  /** Process ids of the servers that were started. */
  readonly servers: ReadonlyArray<number>
  /** Lines of the server that are no JSON-RPC, and warnings on its stderr. */
  readonly oddities: ReadonlyArray<string>
}

const decodeEntry = Schema.decodeUnknownOption(Entry)
/** A message of JSON-RPC. */
export const decodeMessage = Schema.decodeUnknownOption(Message)
const decodeLine = Schema.decodeUnknownOption(Schema.fromJsonString(Message))

/** The exchanges of one server process, or of one session: ids are its own. */
export const exchangesOf = (messages: ReadonlyArray<Said>): ReadonlyArray<Exchange> =>
  messages.flatMap(({ from, message: { id, method, params = {} } }, index) => {
    if (method === undefined || id === undefined) return []
    const answer = messages
      .slice(index + 1)
      .find(({ from: other, message }) => other !== from && message.method === undefined && message.id === id)
    return [{ from, method, params, result: answer?.message.result }]
  })

export const readRecording = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const files = yield* fs
    .readDirectory(path.join(folder, "recordings"))
    .pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
  const all = yield* Effect.forEach(files.toSorted(), (file) =>
    Effect.map(fs.readFileString(path.join(folder, "recordings", file)), (text) =>
      text.split("\n").flatMap((line) => Option.toArray(decodeEntry(line))),
    ),
  )
  return {
    exchanges: all.flatMap((entries) =>
      exchangesOf(
        entries.flatMap(({ from, text }) =>
          from === "client" || from === "server"
            ? Option.toArray(decodeLine(text)).map((message) => ({ from, message }))
            : [],
        ),
      ),
    ),
    servers: all.flatMap(([first]) => (first?.from === "recorder" ? [Number(first.text)] : [])),
    oddities: all
      .flat()
      .filter(
        ({ from, text }) =>
          (from === "server" && text.trim() !== "" && Option.isNone(decodeLine(text))) ||
          (from === "stderr" && /\b(?:warn|error)/iu.test(text)),
      )
      .map(({ from, text }) => `${from}: ${text.slice(0, 200)}`),
  } satisfies Recording as Recording
})
