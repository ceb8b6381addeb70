/**
 * Reads and changes the state of a real opencode of either version directly, without the code in `src/` that the tests
 * compare with it.
 */
import { Effect } from "effect"
import * as one from "./opencodeFacts.ts"
import * as two from "./opencode2Facts.ts"
import type { OpencodeServer } from "./OpencodeServer.ts"

type Opencode = Pick<OpencodeServer, "api" | "url" | "directory" | "password">

/** `agent`: the one that its person has chosen. */
export const createSession = (opencode: Opencode, title: string, agent?: string) =>
  opencode.api === 1 ? one.createSession(opencode, title, agent) : two.createSession(opencode, title, agent)

/** Id and title of all sessions. */
export const sessions = (opencode: Opencode) =>
  opencode.api === 1 ? one.sessions(opencode) : two.sessionsWithTitles(opencode)

/** The session that was updated last, of any directory, and when. */
export const newest = (opencode: Opencode) => (opencode.api === 1 ? one.newest(opencode) : two.newest(opencode))

export const deleteSession = (opencode: Opencode, session: string) =>
  opencode.api === 1 ? one.deleteSession(opencode, session) : two.deleteSession(opencode, session)

/** `idle`, or what the session is doing. */
export const status = (opencode: Opencode, session: string) =>
  opencode.api === 1
    ? one.status(opencode, session)
    : Effect.map(two.isActive(opencode, session), (active) => (active ? "busy" : "idle"))

/** The texts of a session's messages, oldest first. */
export const texts = (opencode: Opencode, session: string) =>
  opencode.api === 1 ? one.texts(opencode, session) : two.texts(opencode, session)

/** Whether opencode has received the message: it is stored, or it waits in the inbox of opencode 2. */
export const hasReceived = (opencode: Opencode, session: string, text: string) =>
  (opencode.api === 1 ? one.texts(opencode, session) : two.received(opencode, session)).pipe(
    Effect.map((texts) => texts.includes(text)),
  )

/** Starts a turn without the program under test. */
export const prompt = (opencode: Opencode, session: string, text: string) =>
  opencode.api === 1 ? one.prompt(opencode, session, text) : two.prompt(opencode, session, text)

export const abort = (opencode: Opencode, session: string) =>
  opencode.api === 1 ? one.abort(opencode, session) : two.interrupt(opencode, session)

/** Ids of the session's pending requests. */
export const pending = (opencode: Opencode, kind: "permission" | "question", session: string) =>
  opencode.api === 1
    ? one.pending(opencode, kind, session)
    : two.pending(opencode, kind === "question" ? "form" : kind, session)

/** Allows a permission once. */
export const allow = (opencode: Opencode, session: string, permission: string) =>
  opencode.api === 1
    ? one.reply(opencode, "permission", permission, { reply: "once" })
    : two.allow(opencode, session, permission)
