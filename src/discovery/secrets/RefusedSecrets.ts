/**
 * The secrets that an instance has refused since they were looked up. Written by the health check, read where secrets are
 * looked up: a password that was changed is looked up again.
 */
import { Context, type Redacted } from "effect"

export const RefusedSecrets = Context.Reference<WeakSet<Redacted.Redacted>>("opencode-fleet/discovery/RefusedSecrets", {
  defaultValue: () => new WeakSet(),
})
