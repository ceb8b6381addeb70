/** The flags of `serve --http` that say whom it lets in. */
import { Option } from "effect"
import { Flag } from "effect/cli"
import { bareFlag } from "../arguments/bareFlag.ts"
import { webUrl, webUrlForms } from "../arguments/webUrl.ts"

export interface AccessInput {
  readonly noAuth: boolean
  readonly tokenFile: Option.Option<string>
  readonly issuer: Option.Option<string>
  readonly jwks: Option.Option<URL>
}

export const accessFlags = {
  noAuth: bareFlag("no-auth").pipe(
    Flag.withDescription("Let every program of this machine in without a token. Only on 127.0.0.1"),
  ),
  tokenFile: Flag.String("token-file").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("The tokens of the callers: one a line, then optionally a name and scopes"),
    Flag.optional,
  ),
  issuer: Flag.String("issuer").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("Clients log in here (OAuth). Needs --public-url"),
    Flag.filterMap(
      // As it was typed, because tokens must name it exactly so.
      (text) => Option.as(webUrl(text), text),
      () => webUrlForms,
    ),
    Flag.optional,
  ),
  jwks: Flag.String("jwks").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("The keys of the issuer, if its metadata do not say where they are"),
    Flag.filterMap(webUrl, () => webUrlForms),
    Flag.optional,
  ),
}

/** For the error if one is given without `--http`. */
export const givenAccessFlags = ({ issuer, jwks, noAuth, tokenFile }: AccessInput): ReadonlyArray<string> => [
  ...(noAuth ? ["--no-auth"] : []),
  ...(Option.isSome(tokenFile) ? ["--token-file"] : []),
  ...(Option.isSome(issuer) ? ["--issuer"] : []),
  ...(Option.isSome(jwks) ? ["--jwks"] : []),
]
