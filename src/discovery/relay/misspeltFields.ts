/**
 * Fields of a registration that are ignored, although their names show that a known one was meant. Other unknown fields
 * belong to other programs.
 */
import { Option, Record, Schema } from "effect"
import { quote } from "../../text/plainText.ts"
import { edits, folded } from "../../text/nearest.ts"
import { ReadRegistration } from "./Registration.ts"

const known = Record.keys(ReadRegistration.fields)

/** Other words for a field, in lower case and without separators. */
const synonyms: Readonly<Record<string, (typeof known)[number]>> = {
  directory: "cwd",
  dir: "cwd",
  folder: "cwd",
  workdir: "cwd",
  workingdirectory: "cwd",
  host: "hostname",
  machine: "hostname",
  ip: "address",
  user: "username",
  header: "headers",
  uri: "url",
  processid: "pid",
}

/** Short names resemble each other by chance. */
const mayBeMisspelt = (name: string) => name.length > 3

const meantBy = (field: string) => {
  const name = folded(field)
  return (
    synonyms[name] ??
    known.find((each) => folded(each) === name) ??
    known.find((each) => mayBeMisspelt(each) && edits(name, folded(each)) === 1)
  )
}

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

/** A longer one is no misspelling. */
const longest = 40

/** Why a registration does not say what its author meant: a text that continues after its path. Undefined if it does. */
export const misspeltFields = (content: string): string | undefined => {
  const fields = Option.match(decode(content), {
    onNone: (): ReadonlyArray<string> => [],
    onSome: (all) => Object.keys(all),
  })
  const meant = fields
    .filter((field) => field.length <= longest && !known.some((each) => each === field))
    .flatMap((field) => {
      const name = meantBy(field)
      return name === undefined || fields.includes(name) ? [] : [`${quote(field)} (did you mean ${quote(name)}?)`]
    })
  return meant.length === 0 ? undefined : `has fields that are ignored: ${meant.join(", ")}`
}
