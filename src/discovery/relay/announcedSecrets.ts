/** Looks up the secrets of registrations. An instance whose secrets are not known is listed, and receives none. */
import { Effect, Record, type Redacted } from "effect"
import type { Announcement, Problem } from "../Discovery.ts"
import type { Secrets } from "../secrets/Secrets.ts"
import { hasReferences, type RegistrationAccess } from "./RegistrationAccess.ts"

/** A registration before its secrets are looked up. */
export interface Announced {
  readonly announcement: Announcement
  readonly access: RegistrationAccess
  /** What is wrong with the file, although it can be used. */
  readonly remark?: string | undefined
}

interface Found {
  readonly announcement: Announcement
  readonly problem?: Problem
}

const concurrency = 16

const lookUp = (secrets: Secrets, { access: { headers, password, username }, announcement }: Announced) =>
  Effect.all(
    {
      credentials:
        password === undefined
          ? Effect.undefined
          : Effect.map(secrets.lookUp(password), (password) => ({ username, password })),
      headers: Record.isEmptyRecord(headers)
        ? Effect.undefined
        : Effect.forEach(Object.entries(headers), ([name, one]) =>
            Effect.map(secrets.lookUp(one), (value): readonly [string, Redacted.Redacted] => [name, value]),
          ).pipe(Effect.map(Object.fromEntries<Redacted.Redacted>)),
    },
    { concurrency: "unbounded" },
  ).pipe(
    Effect.map((found): Found => ({ announcement: { ...announcement, ...found } })),
    Effect.catchTag("SecretUnknown", ({ reason }) =>
      Effect.succeed<Found>({
        announcement: { ...announcement, secretsUnknown: reason },
        problem: { source: announcement.source, reason: `refers to a secret that is not known: ${reason}` },
      }),
    ),
  )

export const withSecrets = Effect.fnUntraced(function* (secrets: Secrets, all: ReadonlyArray<Announced>) {
  secrets.retain(
    all.flatMap(({ access: { headers, password } }) => [
      ...(password === undefined ? [] : [password]),
      ...Object.values(headers),
    ]),
  )
  const found = yield* Effect.forEach(
    all,
    (one) =>
      hasReferences(one.access) ? lookUp(secrets, one) : Effect.succeed<Found>({ announcement: one.announcement }),
    { concurrency },
  )
  return {
    announcements: found.map(({ announcement }) => announcement),
    problems: found.flatMap(({ problem }) => problem ?? []),
  }
})
