/** Answers of a fake opencode 2 about one session. */
import { Effect } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { SessionId } from "../../opencode/Identifiers.ts"
import type { Session } from "../../opencode/sessions/Session.ts"
import type { FakeState } from "../FakeState.ts"
import { refuse } from "./wire.ts"

export type Answer<A> = Effect.Effect<A | HttpServerResponse.HttpServerResponse>

/** Runs `answer` for a session that exists; otherwise answers 404. */
export const within = <A>(fake: FakeState, id: SessionId, answer: (session: Session) => Answer<A>): Answer<A> =>
  Effect.suspend((): Answer<A> => {
    const found = fake.sessions.find((session) => session.id === id)
    return found === undefined ? refuse(404, "SessionNotFoundError", `Session not found: ${id}`) : answer(found)
  })
