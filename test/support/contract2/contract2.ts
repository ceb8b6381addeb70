/** How opencode 2 answers: expectations that the real server and the fake must both meet. */
import { prompts } from "./prompts.ts"
import { requests } from "./requests.ts"
import type { Case } from "./Server2.ts"
import { server } from "./server.ts"
import { sessions } from "./sessions.ts"

export const contract: ReadonlyArray<Case> = [...server, ...sessions, ...prompts, ...requests]
