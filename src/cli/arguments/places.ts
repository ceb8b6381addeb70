/** Several sessions, each as `INSTANCE/SESSION`. */
import type { Named } from "../../tools/many/followSessions.ts"

/** What a place is, for a help text. */
export const placeText =
  'INSTANCE/SESSION: an instance, and a session\'s id or a unique part of its title; INSTANCE alone means its "latest" session'

/** An instance's name has no slash; a session's title can. */
export const placeOf = (given: string): Named => {
  const slash = given.indexOf("/")
  return slash === -1
    ? { instance: given, session_id: "latest" }
    : { instance: given.slice(0, slash), session_id: given.slice(slash + 1) }
}

/** A word that cannot be an instance, because it stands for a session. */
const isSession = (given: string) => given === "latest" || /^ses_\w+$/u.test(given)

/** The places. `INSTANCE SESSION`, as other commands take them, is one place. */
export const placesOf = (given: ReadonlyArray<string>): ReadonlyArray<Named> =>
  given.reduce<ReadonlyArray<Named>>((places, word, index) => {
    const before = given[index - 1]
    return before !== undefined && !before.includes("/") && !isSession(before) && isSession(word)
      ? [...places.slice(0, -1), { instance: before, session_id: word }]
      : [...places, placeOf(word)]
  }, [])

/** A place as it is typed. */
export const placeName = ({ instance = "", session_id }: Named) => `${instance}/${session_id}`
