/** Why the tailnet cannot be read. A message continues after the word "tailscale" and ends with the next step. */
import { Schema } from "effect"

/** Neither tailscaled's socket nor the command `tailscale` exists. */
export class TailscaleMissing extends Schema.TaggedError<TailscaleMissing>()("TailscaleMissing", {
  socket: Schema.String,
}) {
  override get message() {
    return `is not installed on this machine: there is no ${this.socket}, and no command \`tailscale\` on the PATH. Install it (https://tailscale.com/download), or remove it from TRANSPORT`
  }
}

export class TailscaleNotRunning extends Schema.TaggedError<TailscaleNotRunning>()("TailscaleNotRunning", {
  detail: Schema.String,
}) {
  override get message() {
    return `is not running: ${this.detail}. Start it: on Linux \`sudo systemctl start tailscaled\`, elsewhere the Tailscale app`
  }
}

/** The login URL is omitted, because a person who follows it takes this machine into their own tailnet. */
export class TailscaleLoggedOut extends Schema.TaggedError<TailscaleLoggedOut>()("TailscaleLoggedOut", {}) {
  override get message() {
    return "is logged out on this machine. Run `tailscale up` to log in"
  }
}

export class TailscaleStopped extends Schema.TaggedError<TailscaleStopped>()("TailscaleStopped", {}) {
  override get message() {
    return "is stopped on this machine. Run `tailscale up` to connect"
  }
}

export class TailscaleUnapproved extends Schema.TaggedError<TailscaleUnapproved>()("TailscaleUnapproved", {}) {
  override get message() {
    return "waits for an admin of the tailnet to approve this machine at https://login.tailscale.com/admin/machines"
  }
}

export class TailscaleStarting extends Schema.TaggedError<TailscaleStarting>()("TailscaleStarting", {
  /** Tailscale's own health warnings; empty if there are none. */
  health: Schema.String,
}) {
  override get message() {
    return `is starting${this.health === "" ? "" : ` (it reports: ${this.health})`}. The next scan checks again`
  }
}

export class TailscaleInUse extends Schema.TaggedError<TailscaleInUse>()("TailscaleInUse", {
  detail: Schema.String,
}) {
  override get message() {
    return `is in use by another user of this machine: ${this.detail}. Run this program as that user, or have them quit Tailscale`
  }
}

export class TailscaleDenied extends Schema.TaggedError<TailscaleDenied>()("TailscaleDenied", {
  detail: Schema.String,
}) {
  override get message() {
    return `denies this user access to its status: ${this.detail}. Run \`sudo tailscale set --operator=$USER\` to allow it`
  }
}

export class TailscaleNotUnderstood extends Schema.TaggedError<TailscaleNotUnderstood>()("TailscaleNotUnderstood", {
  /** The socket or the command that was read. */
  origin: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `cannot be understood: ${this.origin} ${this.detail}. Run \`tailscale status --json\` by hand to see why`
  }
}

export class TailscaleTimedOut extends Schema.TaggedError<TailscaleTimedOut>()("TailscaleTimedOut", {
  origin: Schema.String,
  within: Schema.String,
}) {
  override get message() {
    return `did not answer: ${this.origin} sent nothing within ${this.within}. If this persists, restart Tailscale`
  }
}

export type TailscaleError =
  | TailscaleMissing
  | TailscaleNotRunning
  | TailscaleLoggedOut
  | TailscaleStopped
  | TailscaleUnapproved
  | TailscaleStarting
  | TailscaleInUse
  | TailscaleDenied
  | TailscaleNotUnderstood
  | TailscaleTimedOut
