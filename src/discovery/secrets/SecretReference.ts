/**
 * A reference to a secret, as a registration holds it: a variable, a file, or a command such as `pass show x`. The secret
 * itself is never in a registration.
 */
import { Schema } from "effect"

/** Maximum number of words of a command. */
const maxWords = 50

const Text = Schema.String.check(Schema.isBetweenLength(1, 4096))

/** A variable of the environment of this process. */
const Variable = Schema.Struct({ env: Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/u)) })

/** A file of this machine: an absolute path, or one that begins with `~/`. */
const File = Schema.Struct({ file: Text.check(Schema.isPattern(/^(?:~?\/|[A-Za-z]:[\\/])/u)) })

/** A program of this machine and its arguments. It is started without a shell. */
const Command = Schema.Struct({
  command: Schema.NonEmptyArray(Text).check(Schema.isMaxLength(maxWords)),
})

export const SecretReference = Schema.Union([Variable, File, Command])
export type SecretReference = typeof SecretReference.Type

/** How a reference is written, for messages. */
export const referenceForms = `{"env": "NAME"}, {"file": "/path"} or {"command": ["pass", "show", "name"]}`
