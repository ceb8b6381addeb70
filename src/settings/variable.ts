/** Reads one environment variable, and fails with a {@link SettingsError} for an invalid value. */
import { Config, Duration, Effect, Option } from "effect"
import { maxPorts, parsePorts } from "./portList.ts"
import { SettingsError } from "./SettingsError.ts"

/** Fails for the placeholder of an MCP client's configuration, such as `${user_config.ports}`, that was not filled in. */
export const filledIn = (name: string, value: string) =>
  /^\$\{[^{}]*\}$/u.test(value.trim())
    ? Effect.fail(
        new SettingsError({
          variable: name,
          value: value.trim(),
          allowed:
            "the MCP client did not fill in this placeholder; set a value in the client's configuration, or remove it",
        }),
      )
    : Effect.succeed(value)

/** The variable's value. An empty one counts as unset, because MCP clients pass empty strings for omitted settings. */
export const variable = (name: string) =>
  Effect.flatMap(
    Config.option(Config.String(name)),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (value) => Effect.asSome(filledIn(name, value)),
    }),
  )

/** A parsed variable. `allowed` describes the valid values; `shown` returns the part of an invalid value that an error may show. */
export const parsed = <A>(
  name: string,
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

/** A whole number of milliseconds from `minimum` to `maximum`. */
export const milliseconds = (name: string, fallback: Duration.Duration, minimum: number, maximum: number) =>
  parsed(
    name,
    `it takes a whole number of milliseconds from ${minimum} to ${maximum} (default ${Duration.toMillis(fallback)})`,
    (value) =>
      /^\d{1,12}$/u.test(value) && Number(value) >= minimum && Number(value) <= maximum
        ? Option.some(Duration.millis(Number(value)))
        : Option.none(),
  ).pipe(Effect.map(Option.getOrElse(() => fallback)))

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
export const ports = (name: string, fallback: ReadonlyArray<number>) =>
  parsed(
    name,
    `it takes ports and ranges of them such as 4096,4100-4110, at most ${maxPorts} ports (default ${shownPorts(fallback)})`,
    (value) => parsePorts(listItems(value)),
  ).pipe(Effect.map(Option.getOrElse(() => fallback)))

/** One line of text, because it becomes part of a file or a shell command. */
export const oneLine = (name: string, allowed: string) =>
  parsed(name, allowed, (value) =>
    /[\0\n\r]/u.test(value) || value.trim() === "" ? Option.none() : Option.some(value),
  ).pipe(Effect.map(Option.getOrUndefined))
