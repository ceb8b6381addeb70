/** HTTP Basic, which every version of opencode uses to protect its routes. */
import { HttpApiMiddleware, HttpApiSchema, HttpApiSecurity } from "effect/http-api"
import { InvalidCredentials, opencodeChallenge } from "./clientErrors.ts"

/** A 401 has an empty body. */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()("opencode-fleet/opencode/Authorization", {
  security: { basic: HttpApiSecurity.basic },
  error: InvalidCredentials.pipe(
    HttpApiSchema.asNoContent({ decode: () => new InvalidCredentials({ challenge: opencodeChallenge }) }),
    HttpApiSchema.status(401),
  ),
}) {}
