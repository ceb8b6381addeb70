/** Reading JSON of clients, whose requests differ in details. */
export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const objects = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.filter(isObject) : [])

export const string = (value: unknown) => (typeof value === "string" ? value : "")

/** A text, or the texts of a list of parts. */
export const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : objects(content)
        .map((part) => (part["text"] === undefined ? textOf(part["content"]) : string(part["text"])))
        .join("\n")

const event = (name: string | undefined, data: unknown) =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

/** Events with the name of their `type`. */
export const typedEvents = (events: ReadonlyArray<Json>) =>
  events.map((each) => event(string(each["type"]), each)).join("")

export const plainEvents = (events: ReadonlyArray<unknown>) => events.map((each) => event(undefined, each)).join("")
