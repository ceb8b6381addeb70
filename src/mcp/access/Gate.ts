/** Decides over HTTP which caller a token stands for, and what that caller may do. */
import { Context, Effect, Layer, type Redacted, Schema } from "effect"

/** The caller as the gate knows it. Holds nothing secret. */
export interface Caller {
  /** The token's name, or issuer and subject: for the log, and what a session of revision 2025-11-25 is bound to. */
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  /** OAuth: tools beyond the scopes are listed and challenged (step-up). Static tokens: they are not listed. */
  readonly stepsUp: boolean
}

/** The answer to a request that the gate does not let in. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  /** 401: no token or an invalid one. 403: valid, but without a scope. 503: tokens cannot be checked at the moment. */
  status: Schema.Literals([401, 403, 503]),
  message: Schema.String,
  /** The value of `WWW-Authenticate`. */
  challenge: Schema.optionalKey(Schema.String),
}) {}

export class Gate extends Context.Service<
  Gate,
  {
    /** `token`: what followed `Bearer `, or what a person typed into the login of the page. */
    readonly verify: (token: Redacted.Redacted | undefined) => Effect.Effect<Caller, Refused>
    /** The answer to a caller who lacks the scope `missing` of a tool. */
    readonly insufficient: (caller: Caller, missing: string) => Refused
  }
>()("opencode-fleet/mcp/access/Gate") {
  /** Lets every request in, with these scopes. For loopback only, and for tests. */
  static readonly layerOpen = (scopes: ReadonlyArray<string>, subject = "anyone"): Layer.Layer<Gate> =>
    Layer.succeed(Gate, {
      verify: () => Effect.succeed({ subject, scopes: new Set(scopes), stepsUp: false }),
      insufficient: (_caller, missing) =>
        new Refused({ status: 403, message: `This server does not allow the scope ${missing}.` }),
    })
}
