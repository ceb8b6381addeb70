/** How a tool call has ended, for its log and its metric. */
import { Cause, type Exit } from "effect"

/** `question`: with a form that a person has to fill in. */
export type CallEnd = "success" | "error" | "question" | "cancelled"

export const endOf = <A extends object, E>(exit: Exit.Exit<A, E>): CallEnd => {
  if (exit._tag === "Success") return "inputRequests" in exit.value ? "question" : "success"
  return Cause.hasInterruptsOnly(exit.cause) ? "cancelled" : "error"
}
