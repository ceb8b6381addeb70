/** Sessions, their messages, prompts and inboxes. */
import { Effect, Predicate } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { MessageId, SessionId } from "../../opencode/Identifiers.ts"
import type { Unrecognised } from "../../opencode/http/tolerantArray.ts"
import { OpencodeApi } from "../../opencode/v2/OpencodeApi.ts"
import type { WireEntry } from "../../opencode/v2/wire/WireMessage.ts"
import type { WireSession } from "../../opencode/v2/wire/WireSession.ts"
import { ownId, runCommand, startSubagent } from "../commands.ts"
import type { FakeState, StoredPrompt } from "../FakeState.ts"
import { entriesOf } from "./entries.ts"
import { refuse, sessionOf } from "./wire.ts"
import { type Answer, within } from "./within.ts"

interface Page {
  readonly data: ReadonlyArray<WireEntry | Unrecognised>
  readonly cursor: { readonly next: string | null }
}

interface PageQuery {
  readonly cursor?: string
  readonly limit?: number
  readonly type?: string
}

/**
 * The newest entries before the cursor, which encodes the position of the oldest entry of the page before. As on the real
 * server, the last page has a cursor, too.
 */
const page = (all: ReadonlyArray<WireEntry | Unrecognised>, { cursor, limit = 50, type }: PageQuery): Answer<Page> => {
  const end = cursor === undefined ? all.length : Number(Buffer.from(cursor, "base64").toString() || "x")
  if (!Number.isInteger(end)) return refuse(400, "InvalidCursorError", "Invalid cursor")
  if (limit < 1 || limit > 200) return refuse(400, "InvalidRequestError", "Expected a value between 1 and 200")
  const found = all
    .map((entry, position) => ({ entry, position }))
    .slice(0, end)
    .filter(({ entry }) => type === undefined || entry.type === type)
    .toReversed()
    .slice(0, limit)
  const oldest = found.at(-1)
  const next = oldest === undefined ? null : Buffer.from(String(oldest.position)).toString("base64")
  return Effect.succeed({ data: found.map(({ entry }) => entry), cursor: { next } })
}

const idOf = (entry: WireEntry | Unrecognised) => {
  if (entry.type !== "unrecognised") return entry.id
  return Predicate.hasProperty(entry.raw, "id") ? entry.raw.id : undefined
}

/** Where a prompt of that id is known. */
const sessionWith = (fake: FakeState, id: MessageId) => {
  const isPrompt = ({ messageID }: StoredPrompt) => messageID === id
  const inbox = [...fake.inbox].find(([, items]) => items.some(isPrompt))
  const stored = [...fake.messages].find(([, messages]) => messages.some(({ info }) => info.id === id))
  return (inbox ?? stored)?.[0]
}

/** Stores the prompt once: a repeated id has no effect, and in another session it is a conflict. */
const receive = (fake: FakeState, prompt: StoredPrompt): Answer<{ readonly data: { readonly id: MessageId } }> =>
  Effect.suspend((): Answer<{ readonly data: { readonly id: MessageId } }> => {
    const { messageID: id, resume, session } = prompt
    const known = sessionWith(fake, id)
    if (known !== undefined && known !== session) {
      return refuse(409, "ConflictError", `Prompt message ID conflicts with an existing durable record: ${id}`)
    }
    if (known === undefined) {
      fake.prompts.push(prompt)
      if (resume === false || fake.statuses.has(session) || (fake.inbox.get(session) ?? []).length > 0) {
        fake.enqueue(prompt)
      } else fake.onPrompt(prompt)
    }
    // A prompt to a free session also starts what is parked in its inbox.
    if (resume !== false && !fake.statuses.has(session)) fake.deliver(session)
    return Effect.succeed({ data: { id } })
  })

export const sessionHandlers = (fake: FakeState) =>
  HttpApiBuilder.group(OpencodeApi, "session", (handlers) =>
    handlers.handleAll({
      list: ({ query: { limit = 50 } }) =>
        Effect.sync(() => ({
          data: fake.sessions
            .toSorted((one, other) => other.time.updated - one.time.updated)
            .slice(0, limit)
            .map((session) => sessionOf(fake, session)),
          cursor: { next: null },
        })),
      /** A second request with the same id creates nothing. */
      create: ({
        payload: {
          id = SessionId.make(`ses_new${fake.sessions.length}`),
          location,
          permissions,
          title = "New session",
          ...chosen
        },
      }) =>
        Effect.sync(() => {
          const found = fake.sessions.find((session) => session.id === id)
          if (found !== undefined) return { data: sessionOf(fake, found) }
          const made = {
            id,
            title,
            directory: location?.directory ?? "/work/project",
            time: { created: 0, updated: 0 },
          }
          fake.sessions.push(made)
          fake.select(id, chosen)
          if (permissions !== undefined) fake.permissionRules.set(id, permissions)
          return { data: sessionOf(fake, made) }
        }),
      fork: ({ params, payload: { before } }) =>
        within(fake, params.sessionID, (session): Answer<{ readonly data: WireSession }> => {
          if (before !== undefined && !(fake.messages.get(session.id) ?? []).some(({ info }) => info.id === before))
            return refuse(404, "MessageNotFoundError", `Message not found: ${before}`)
          return Effect.sync(() => ({ data: sessionOf(fake, fake.fork(session, before)) }))
        }),
      active: () => Effect.sync(() => ({ data: Object.fromEntries([...fake.statuses.keys()].map((id) => [id, {}])) })),
      get: ({ params }) =>
        within(fake, params.sessionID, (session) => Effect.sync(() => ({ data: sessionOf(fake, session) }))),
      update: ({ params, payload: { metadata } }) =>
        within(fake, params.sessionID, ({ id }) => Effect.sync(() => void fake.sessionMetadata.set(id, metadata))),
      messages: ({ params, query }) => within(fake, params.sessionID, ({ id }) => page(entriesOf(fake, id), query)),
      message: ({ params: { messageID, sessionID } }) =>
        within(fake, sessionID, ({ id }): Answer<{ readonly data: WireEntry }> => {
          const found = entriesOf(fake, id).find((entry) => idOf(entry) === messageID)
          return found === undefined || found.type === "unrecognised"
            ? refuse(404, "MessageNotFoundError", `Message not found: ${messageID}`)
            : Effect.succeed({ data: found })
        }),
      selectAgent: ({ params, payload: { agent } }) =>
        within(fake, params.sessionID, ({ id }) => Effect.sync(() => fake.select(id, { agent }))),
      selectModel: ({ params, payload: { model } }) =>
        within(fake, params.sessionID, ({ id }) => Effect.sync(() => fake.select(id, { model }))),
      prompt: ({ params, payload: { id: messageID, ...payload } }) =>
        within(fake, params.sessionID, ({ id }) => {
          const { agent, model } = fake.selected.get(id) ?? {}
          return receive(fake, {
            ...payload,
            messageID,
            session: id,
            ...(agent === undefined ? {} : { agent }),
            ...(model === undefined ? {} : { model: { providerID: model.providerID, modelID: model.id } }),
          })
        }),
      command: ({ params, payload: { delivery, name, text } }) =>
        within(fake, params.sessionID, ({ id }): Answer<void> => {
          const ran = runCommand(fake, name, text, { session: id, messageID: ownId(fake), delivery })
          if (ran === undefined) return refuse(404, "CommandNotFoundError", `Command not found: ${name}`)
          if (ran.command.subtask === true) return Effect.sync(() => startSubagent(fake, ran.prompt))
          return Effect.asVoid(receive(fake, ran.prompt))
        }),
      inbox: ({ params }) =>
        within(fake, params.sessionID, ({ id }) =>
          Effect.sync(() => ({
            data: (fake.inbox.get(id) ?? []).map(({ messageID, text }) => ({
              id: messageID,
              type: "user",
              payload: { text },
            })),
          })),
        ),
      cancelPrompt: ({ params: { inboxID, sessionID } }) =>
        within(fake, sessionID, ({ id }) => Effect.sync(() => fake.cancel(id, inboxID))),
      diff: ({ params, query: { from } }) =>
        within(fake, params.sessionID, ({ id }) => {
          const message = fake.messages.get(id)?.find(({ info }) => info.id === from)
          if (message?.info.role === "assistant")
            return refuse(400, "InvalidRequestError", `${from} is not a user message`)
          const data = (fake.diffs.get(from) ?? []).map(({ file = "", patch = "", ...rest }) => ({
            ...rest,
            file,
            patch,
          }))
          return Effect.succeed({ data })
        }),
      interrupt: ({ params }) =>
        within(fake, params.sessionID, ({ id }) => Effect.sync(() => ({ interrupted: fake.interrupt(id) }))),
    }),
  )
