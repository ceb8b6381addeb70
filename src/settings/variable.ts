/** Reads one environment variable, and fails with a {@link SettingsError} for an invalid value. */
import { Config, Duration, Effect, Option } from "effect"
import { maxPorts, parsePorts } from "./portList.ts"
import { placeholderIn } from "./placeholder.ts"
import { SettingsError } from "./SettingsError.ts"
import { type Variable, variables } from "./variables.ts"

/** Fails for a value that contains a placeholder that was not filled in. */
const filledIn = (name: Variable, value: string) =>
  Option.match(placeholderIn(variables[name].content, value), {
    onNone: () => Effect.succeed(value),
    onSome: (placeholder) =>
      Effect.fail(
        new SettingsError({
          variable: name,
          // The rest of a command or a text may be a password.
          value: variables[name].content === "path" ? value : placeholder,
          allowed: `the placeholder ${placeholder} was not filled in, for example by the MCP client; set the value itself, or remove the variable`,
        }),
      ),
  })

/** The variable's value. An empty one counts as unset, because MCP clients pass empty strings for omitted settings. */
export const variable = (name: Variable) =>
  Config.option(Config.String(name)).pipe(
    Effect.map(Option.filter((value) => value !== "")),
    Effect.flatMap(
      Option.match({
        onNone: () => Effect.succeedNone,
        onSome: (value) => Effect.asSome(filledIn(name, value)),
      }),
    ),
  )

/** A parsed variable. `allowed` describes the valid values; `shown` returns the part of an invalid value that an error may show. */
export const parsed = <A>(
  name: Variable,
  allowed: string,
  parse: (value: string) => Option.Option<A>,
  shown: (value: string) => string = (value) => value,
) =>
  Effect.flatMap(
    variable(name),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (value) =>
        Option.match(parse(value), {
          onNone: () => Effect.fail(new SettingsError({ variable: name, value: shown(value), allowed })),
          onSome: Effect.succeedSome,
        }),
    }),
  )

/** A whole number of `unit` from `minimum` to `maximum`. */
export const wholeNumber = (name: Variable, fallback: number, minimum: number, maximum: number, unit = "characters") =>
  parsed(name, `it takes a whole number of ${unit} from ${minimum} to ${maximum} (default ${fallback})`, (value) =>
    /^\d{1,12}$/u.test(value) && Number(value) >= minimum && Number(value) <= maximum
      ? Option.some(Number(value))
      : Option.none(),
  ).pipe(Effect.map(Option.getOrElse(() => fallback)))

/** A whole number of milliseconds from `minimum` to `maximum`. */
export const milliseconds = (name: Variable, fallback: Duration.Duration, minimum: number, maximum: number) =>
  Effect.map(wholeNumber(name, Duration.toMillis(fallback), minimum, maximum, "milliseconds"), Duration.millis)

/** The items of a comma-separated list, without duplicates. */
export const listItems = (value: string): ReadonlyArray<string> => [
  ...new Set(value.split(",").map((item) => item.trim())),
]

/** `4096-4111` for consecutive ports, otherwise `4096,49374`. */
const shownPorts = (ports: ReadonlyArray<number>) => {
  const [first = 0] = ports
  const last = ports.at(-1) ?? first
  return ports.length > 2 && last - first === ports.length - 1 ? `${first}-${last}` : ports.join(",")
}

/** A list of ports and ranges. */
export const ports = (name: Variable, fallback: ReadonlyArray<number>) =>
  parsed(
    name,
    `it takes ports and ranges of them such as 4096,4100-4110, at most ${maxPorts} ports (default ${shownPorts(fallback)})`,
    (value) => parsePorts(listItems(value)),
  ).pipe(Effect.map(Option.getOrElse(() => fallback)))

/** One line of text, because it becomes part of a file or a shell command. */
export const oneLine = (name: Variable, allowed: string) =>
  parsed(name, allowed, (value) =>
    /[\0\n\r]/u.test(value) || value.trim() === "" ? Option.none() : Option.some(value),
  ).pipe(Effect.map(Option.getOrUndefined))
