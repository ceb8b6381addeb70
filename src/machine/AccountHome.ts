/** The home directory that the system's database of users names, as a service that tests replace. */
import { Context } from "effect"
import { accountHome } from "./homeDirectory.ts"

/** Undefined for a user without an account. */
export const AccountHome = Context.Reference<string | undefined>("opencode-fleet/machine/AccountHome", {
  defaultValue: accountHome,
})
