/** A fleet of two fakes, one of each version, and turns in their sessions. */
import { Effect } from "effect"
import { FakeFleet, fakeFleetLayer } from "../../src/testing/FakeFleet.ts"
import type { FakeState } from "../../src/testing/FakeState.ts"
import { assistant, done, event, here, msg, permission, session, textPart, user } from "../../src/testing/samples.ts"
import { makeIdle } from "./play.ts"

/** The fakes, each with two sessions. */
export const fakes = Effect.map(FakeFleet, ({ at }) => {
  const both = { api: at("api"), web: at("web") }
  for (const fake of Object.values(both)) fake.sessions = [session("main"), session("other")]
  return both
})

/** An opencode 1 named `api` and an opencode 2 named `web`. */
export const fleet = fakeFleetLayer("api", { name: "web", api: 2 })

/** A session whose turn has ended with this text. */
export const ended = (fake: FakeState, text: string, id = here) => {
  fake.store(id, user(msg(`u_${id}`), "Do it", id))
  const info = assistant(msg(`a_${id}`), msg(`u_${id}`), done(), id)
  fake.store(id, { info, parts: [textPart(info.id, text)] })
}

/** A session whose turn is running. */
export const running = (fake: FakeState, id = here) => {
  fake.store(id, user(msg(`u_${id}`), "Do it", id))
  fake.store(id, { info: assistant(msg(`a_${id}`), msg(`u_${id}`), {}, id), parts: [] })
  fake.statuses.set(id, { type: "busy" })
}

export const end = (fake: FakeState, text: string, id = here) => {
  const info = assistant(msg(`a_${id}`), msg(`u_${id}`), done(), id)
  fake.store(id, { info, parts: [textPart(info.id, text)] })
  fake.emit(event.message(info), event.part(textPart(info.id, text)))
  makeIdle(fake, id)
}

export const asks = (fake: FakeState, id = here) => {
  fake.permissions.push(permission("1", id))
  fake.emit(event.asked(permission("1", id)))
}
