/**
 * Directories that a server cannot work in, such as one with an invalid `opencode.json`: opencode refuses every request about
 * one, and goes on working in the others.
 */
import { Context, Effect } from "effect"
import type { ClientError } from "../errors.ts"

export interface BrokenDirectory {
  readonly directory: string
  readonly error: ClientError
}

/** Requests read it from their fiber. */
const Collected = Context.Reference<Map<string, ClientError> | undefined>("opencode-fleet/opencode/BrokenDirectories", {
  defaultValue: () => undefined,
})

/** The others are about the whole server. */
const isOfDirectory = ({ _tag }: ClientError) =>
  _tag === "OpencodeError" || _tag === "UnexpectedResponse" || _tag === "DirectoryNotFound" || _tag === "RequestTimeout"

/** Runs requests, and returns the directories that had to be left out of their answers. */
export const collectingBroken = <A, E, R>(
  requests: Effect.Effect<A, E, R>,
): Effect.Effect<{ readonly result: A; readonly broken: ReadonlyArray<BrokenDirectory> }, E, R> =>
  Effect.suspend(() => {
    const collected = new Map<string, ClientError>()
    return Effect.map(Effect.provideService(requests, Collected, collected), (result) => ({
      result,
      broken: [...collected].map(([directory, error]) => ({ directory, error })),
    }))
  })

/** Inside {@link collectingBroken}, a broken directory is noted, and `otherwise` stands for its answer. */
export const unlessBroken =
  <B>(directory: string, otherwise: B) =>
  <A, R>(request: Effect.Effect<A, ClientError, R>): Effect.Effect<A | B, ClientError, R> =>
    Effect.flatMap(Collected, (collected) =>
      collected === undefined
        ? request
        : Effect.catchIf(request, isOfDirectory, (error) => {
            collected.set(directory, error)
            return Effect.succeed(otherwise)
          }),
    )
