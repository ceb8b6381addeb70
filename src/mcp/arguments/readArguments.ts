/** Reads the arguments of a call as models and frameworks send them, and checks them against the tool's schema. */
import { Effect, Option, Predicate, type Schema } from "effect"
import { errorResult, type ErrorResult } from "../callResult.ts"
import type { SchemaNode } from "../schema/SchemaNode.ts"
import { argumentsErrorText } from "./argumentsError.ts"
import { coerceObject, parseJson } from "./coerce.ts"

/** Missing arguments, null and a blank text mean none. Some frameworks send all arguments as one JSON text. */
const wholeArguments = (args: unknown): unknown => {
  if (args === undefined || args === null) return {}
  if (typeof args !== "string") return args
  return args.trim() === "" ? {} : Option.getOrElse(Option.filter(parseJson(args), Predicate.isObject), () => args)
}

const takesNothing = ({ anyOf, closed, properties = {} }: SchemaNode) =>
  anyOf === undefined && closed === true && Object.keys(properties).length === 0

/** Some clients give a tool without parameters a dummy one, because some APIs do not take a tool without any. */
const coerceArguments = (parameters: SchemaNode, args: unknown): unknown => {
  const whole = wholeArguments(args)
  if (!Predicate.isObject(whole)) return whole
  return takesNothing(parameters) ? {} : coerceObject(parameters, whole)
}

interface ArgumentsOptions<R> {
  readonly tool: string
  readonly parameters: SchemaNode
  readonly decode: (args: unknown) => Effect.Effect<unknown, Schema.SchemaError, R>
}

/** The arguments in the form that the tool's schema accepts; they are not decoded yet, because the Toolkit decodes them. */
export const readArguments = <R>(
  args: unknown,
  { decode, parameters, tool }: ArgumentsOptions<R>,
): Effect.Effect<unknown, ErrorResult, R> => {
  const read = coerceArguments(parameters, args)
  return decode(read).pipe(
    Effect.mapError(({ issue }) =>
      errorResult("invalid arguments", argumentsErrorText({ tool, parameters, args: read, issue })),
    ),
    Effect.as(read),
  )
}
