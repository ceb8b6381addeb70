/**
 * A flag without a value, false if it is not given. It never takes the next argument for its own, not even one that reads as
 * yes or no: that can be a port (`serve --http 0`) or a message (`send --async yes`).
 */
import { Flag } from "effect/cli"

export const bareFlag = (name: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withOptionalValue("true"), Flag.withDefault(false))
