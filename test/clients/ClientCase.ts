/** One way to use one MCP client, and what must come of it. */
import type { Effect, FileSystem, Path, Scope } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import type { Stage } from "./Stage.ts"

/** What a client does with a form. `none`: it announces none. `declined`: it answers by itself, without a person. */
export type Form = "none" | "declined" | "accepted"

/** `repeated`: the client was told nothing, made the call again, and got the outcome of the same turn. */
export type Cut = "resumed" | "repeated" | "lost"

export interface ClientCase {
  /** The client, and how it is used. Its first word selects it on the command line. */
  readonly name: string
  /** The npm package; undefined if it is a dependency of this repository. */
  readonly package?: string
  /** The tools that it has called, in order. Empty for a command that only connects. */
  readonly calls: ReadonlyArray<string>
  /** False if the command only connects. */
  readonly listsTools?: boolean
  readonly form: Form
  /** The outcome of the last turn. Default: what `form` leads to. */
  readonly outcome?: string
  /** What the last answer must say in both forms. */
  readonly says?: RegExp
  /** A tool whose call must not reach the server. */
  readonly neverCalls?: string
  /** True if the client gives its model so little that even our default answers are cut: Cline, 8,000 characters of both forms. */
  readonly cutsAnswers?: boolean
  /** Over HTTP, what becomes of a call during which all connections break. Default: `resumed` for `usualCalls`. */
  readonly cut?: Cut
  /** Over HTTP only: it has no token, and logs in at an issuer. */
  readonly logsIn?: boolean
  /** A fault of the client over HTTP, which its row says. */
  readonly note?: string
  readonly run: (
    stage: Stage,
  ) => Effect.Effect<
    unknown,
    unknown,
    Scope.Scope | FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner
  >
}

/** The calls that a client's model is told to make. */
export const usualCalls = ["list_instances", "get_session", "send_message"]
