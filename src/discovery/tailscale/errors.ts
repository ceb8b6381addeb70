/**
 * What can stand between this machine and its tailnet. A message goes on behind the word "tailscale", and ends with the
 * way out.
 */
import { Schema } from "effect"

/** Neither tailscaled's socket nor the command is there. */
export class TailscaleMissing extends Schema.TaggedError<TailscaleMissing>()("TailscaleMissing", {
  socket: Schema.String,
}) {
  override get message() {
    return `is not on this machine: there is no ${this.socket}, and no command \`tailscale\` on the PATH. Install it (https://tailscale.com/download), or take it out of TRANSPORT`
  }
}

export class TailscaleNotRunning extends Schema.TaggedError<TailscaleNotRunning>()("TailscaleNotRunning", {
  detail: Schema.String,
}) {
  override get message() {
    return `does not run here: ${this.detail}. Start it: on Linux \`sudo systemctl start tailscaled\`, elsewhere the Tailscale app`
  }
}

/** Where to log in is left out: whoever follows that link takes this machine into a tailnet of theirs. */
export class TailscaleLoggedOut extends Schema.TaggedError<TailscaleLoggedOut>()("TailscaleLoggedOut", {}) {
  override get message() {
    return "is logged out on this machine. `tailscale up` says where to log in"
  }
}

export class TailscaleStopped extends Schema.TaggedError<TailscaleStopped>()("TailscaleStopped", {}) {
  override get message() {
    return "is stopped on this machine. `tailscale up` connects it"
  }
}

export class TailscaleUnapproved extends Schema.TaggedError<TailscaleUnapproved>()("TailscaleUnapproved", {}) {
  override get message() {
    return "has not taken this machine in yet: an admin of the tailnet has to approve it, at https://login.tailscale.com/admin/machines"
  }
}

export class TailscaleStarting extends Schema.TaggedError<TailscaleStarting>()("TailscaleStarting", {
  /** What Tailscale itself finds wrong; empty if nothing. */
  health: Schema.String,
}) {
  override get message() {
    return `is starting, which passes by itself${this.health === "" ? "" : ` (it says: ${this.health})`}. The next scan looks again`
  }
}

export class TailscaleInUse extends Schema.TaggedError<TailscaleInUse>()("TailscaleInUse", {
  detail: Schema.String,
}) {
  override get message() {
    return `is used by another user of this machine: ${this.detail}. Run opencode-fleet as that user, or have them quit Tailscale`
  }
}

export class TailscaleDenied extends Schema.TaggedError<TailscaleDenied>()("TailscaleDenied", {
  detail: Schema.String,
}) {
  override get message() {
    return `does not let this user see its peers: ${this.detail}. \`sudo tailscale set --operator=$USER\` allows it`
  }
}

export class TailscaleNotUnderstood extends Schema.TaggedError<TailscaleNotUnderstood>()("TailscaleNotUnderstood", {
  /** Whoever was asked. */
  asked: Schema.String,
  detail: Schema.String,
}) {
  override get message() {
    return `cannot be understood: ${this.asked} ${this.detail}. Run \`tailscale status --json\` by hand to see why`
  }
}

export class TailscaleTimedOut extends Schema.TaggedError<TailscaleTimedOut>()("TailscaleTimedOut", {
  asked: Schema.String,
  within: Schema.String,
}) {
  override get message() {
    return `did not answer: ${this.asked} said nothing for ${this.within}. Where that goes on, restart Tailscale`
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
