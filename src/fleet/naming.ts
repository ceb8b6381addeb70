/** Names that tell instances apart, and how a name that somebody typed finds its instance. */
import { Array, Effect, Schema } from "effect"
import { quote } from "../text/plainText.ts"
import type { Announcement } from "../discovery/Discovery.ts"
import type { Instance } from "./Instance.ts"

/** What is put behind a name to make it unique, the shortest first; then the whole URL, which is unique, so that it ends. */
const suffixes: ReadonlyArray<(url: URL) => string> = [
  ({ port, protocol }) => (port !== "" ? port : protocol === "https:" ? "443" : "80"),
  ({ host }) => host,
]

/**
 * Instances of one name get their port behind it, all of them: which one the bare name means would change as they come
 * and go. The outcome depends on the announcements alone, not on the order in which they were found.
 */
export const uniqueNames = <A extends Announcement>(announcements: ReadonlyArray<A>, round = 0): ReadonlyArray<A> => {
  const byName = Array.groupBy(announcements, ({ name }) => name)
  if (Object.keys(byName).length === announcements.length) return announcements
  const suffix = suffixes[round] ?? (({ href }) => href)
  return uniqueNames(
    announcements.map((one) =>
      (byName[one.name]?.length ?? 0) > 1 ? { ...one, name: `${one.name}@${suffix(new URL(one.url))}` } : one,
    ),
    round + 1,
  )
}

const list = (names: ReadonlyArray<string>) =>
  names.length === 0
    ? "none"
    : names.length <= 20
      ? names.join(", ")
      : `${names.slice(0, 20).join(", ")} and ${names.length - 20} more`

/** No instance has this name. */
export class InstanceNotFound extends Schema.TaggedError<InstanceNotFound>()("InstanceNotFound", {
  asked: Schema.String,
  known: Schema.Array(Schema.String),
}) {
  override get message() {
    return this.known.length === 0
      ? `There is no instance ${quote(this.asked)}: no instance was found.`
      : `There is no instance ${quote(this.asked)}. There are: ${list(this.known)}.`
  }
}

/** The name matches several instances. */
export class AmbiguousInstance extends Schema.TaggedError<AmbiguousInstance>()("AmbiguousInstance", {
  asked: Schema.String,
  candidates: Schema.Array(Schema.String),
}) {
  override get message() {
    return `${quote(this.asked)} matches several instances: ${list(this.candidates)}.`
  }
}

/** No instance was named, and the number of online instances is not one. */
export class InstanceRequired extends Schema.TaggedError<InstanceRequired>()("InstanceRequired", {
  online: Schema.Array(Schema.String),
  offline: Schema.Array(Schema.String),
}) {
  override get message() {
    return this.online.length > 0
      ? `No instance was named, and several are online: ${list(this.online)}.`
      : `No instance is online (found: ${list(this.offline)}).`
  }
}

export const ResolveError = Schema.Union([InstanceNotFound, AmbiguousInstance, InstanceRequired])
export type ResolveError = typeof ResolveError.Type

/** Exact, then ignoring case, then as a unique part: the first of these that fits any instance decides. */
export const matching = <A extends { readonly name: string }>(
  instances: ReadonlyArray<A>,
  asked: string,
): ReadonlyArray<A> => {
  const folded = asked.trim().toLowerCase()
  if (folded === "") return []
  const ways: ReadonlyArray<(name: string) => boolean> = [
    (name) => name === asked,
    (name) => name.toLowerCase() === folded,
    (name) => name.toLowerCase().includes(folded),
  ]
  for (const fits of ways) {
    const found = instances.filter(({ name }) => fits(name))
    if (found.length > 0) return found
  }
  return []
}

/** The one that somebody means by this name. */
export const named = <A extends { readonly name: string }>(
  instances: ReadonlyArray<A>,
  asked: string,
): Effect.Effect<A, InstanceNotFound | AmbiguousInstance> => {
  const [found, ...others] = matching(instances, asked)
  if (found === undefined) return new InstanceNotFound({ asked, known: instances.map(({ name }) => name) })
  return others.length === 0
    ? Effect.succeed(found)
    : new AmbiguousInstance({ asked, candidates: [found, ...others].map(({ name }) => name) })
}

/** The one that is meant without a name: the only one that is online. */
export const onlyOnline = (instances: ReadonlyArray<Instance>): Effect.Effect<Instance, InstanceRequired> => {
  const online = instances.filter(({ health }) => health.state === "online")
  const offline = instances.filter(({ health }) => health.state !== "online")
  const [only, ...others] = online
  return only !== undefined && others.length === 0
    ? Effect.succeed(only)
    : new InstanceRequired({ online: online.map(({ name }) => name), offline: offline.map(({ name }) => name) })
}
