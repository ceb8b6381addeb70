/** What the server prints on stderr if it is started by hand in a terminal. */
import { Console, Effect } from "effect"
import { Fleet } from "../../fleet/Fleet.ts"
import { problemText } from "../../tools/instances/remedyText.ts"
import { healthText } from "../../tools/instances/healthText.ts"
import { plainLine } from "../../text/plainText.ts"
import { Settings } from "../../Settings.ts"
import { discoverySummary } from "../settings/discoverySummary.ts"
import { version } from "../../version.ts"

export const greet = Effect.gen(function* () {
  const settings = yield* Settings
  const program = process.argv[1] ?? "opencode-fleet.mjs"
  yield* Console.error(`opencode-fleet ${version}: an MCP server on stdin and stdout. Press Ctrl-C to stop it.

Add it to an MCP client instead of starting it here. This prints the configuration (also for codex, gemini, copilot, qwen, opencode, vscode, cursor, cline, continue, json):
  node ${program} config claude-code

Looking for opencode instances: ${discoverySummary(settings)} …`)
  const { instances, problems } = yield* (yield* Fleet).snapshot
  yield* Effect.forEach(instances, (instance) =>
    Console.error(
      `  ${instance.name}  ${instance.url}  ${instance.health.state}${instance.health.reason === "" ? "" : `: ${healthText(instance)}`}`,
    ),
  )
  yield* Effect.forEach(problems, (problem) =>
    Console.error(`  problem: ${plainLine(problem.source)} ${plainLine(problemText(problem))}`),
  )
  if (instances.length === 0) yield* Console.error("  no instance found")
})
