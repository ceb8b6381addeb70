/** What became of a call during which all connections broke. */
import { Effect } from "effect"
import type { Cut } from "../ClientCase.ts"
import type { Exchange } from "../record/Recording.ts"
import { withOutcome } from "../judge.ts"
import type { Stage } from "../Stage.ts"
import { isCutCall } from "./connection.ts"

export interface CutFacts {
  /** Undefined if the client did not make the call, or its connections did not break meanwhile. */
  readonly cut: Cut | undefined
  /** What the client's model was given for the call. Empty for clients without a model. */
  readonly told: string
  /** How often the message was stored. */
  readonly stored: number
}

const isAnswered = ({ result }: Exchange) => Array.isArray(result?.["content"]) && result?.["isError"] !== true

/** The last tick of the turn. */
const last = /tick 80\b/u

/** Undefined on stdio. */
export const cutFactsOf = Effect.fnUntraced(function* ({ http, model }: Stage, exchanges: ReadonlyArray<Exchange>) {
  if (http === undefined) return undefined
  const calls = exchanges
    .filter(({ method, params }) => method === "tools/call" && isCutCall(params))
    .map((call) => withOutcome(call, exchanges))
  const results = [...(yield* model.results).values()]
  const isTold = results.length === 0 || results.some((text) => last.test(text))
  const [first] = calls
  const cut: Cut | undefined =
    first === undefined || (yield* http.cuts) === 0
      ? undefined
      : isTold && isAnswered(first)
        ? "resumed"
        : isTold && calls.some(isAnswered)
          ? "repeated"
          : "lost"
  const told = cut === "lost" ? (results.find((text) => /lost|clos|fetch|time|fail|terminated/iu.test(text)) ?? "") : ""
  return { cut, told: told.slice(0, 300), stored: yield* http.stored } satisfies CutFacts as CutFacts
})

/** What is not as it should be. */
export const cutProblems = (facts: CutFacts | undefined, expected: Cut): ReadonlyArray<string> =>
  facts === undefined
    ? []
    : [
        ...(facts.cut === undefined ? ["its connections were not cut in a call"] : []),
        ...(facts.cut !== undefined && facts.cut !== expected
          ? [`the call that was cut: ${facts.cut}, not ${expected}: ${facts.told}`]
          : []),
        ...(facts.stored === 1 ? [] : [`the message of the call that was cut is stored ${facts.stored} times`]),
      ]
