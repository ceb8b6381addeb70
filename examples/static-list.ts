/**
 * A transport of your own: instances listed in a JSON file, served together with those that TRANSPORT finds.
 *
 *     echo '[{"name": "build-box", "url": "http://10.0.0.7:4096"}]' > list.json
 *     node examples/static-list.ts list.json
 *
 * In a project of your own the imports come from "opencode-fleet" and "opencode-fleet/mcp".
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Layer, Logger, Schema, Stream } from "effect"
import { type Announcement, configuredDiscovery, Discovery, mergedDiscovery, Settings } from "../src/index.ts"
import { serveFleetWith } from "../src/exports/mcp.ts"

const Entry = Schema.Struct({
  name: Schema.NonEmptyString,
  url: Schema.String.check(
    Schema.isPattern(/^https?:\/\/[^/]+$/u, { expected: "an http or https URL without a path" }),
  ),
  directory: Schema.optionalKey(Schema.String),
})

const decode = Schema.decodeEffect(Schema.fromJsonString(Schema.Array(Entry)))

// #region transport
const staticList = (file: string) => {
  const announce = ({ directory, name, url }: typeof Entry.Type): Announcement => ({
    name,
    url,
    directory,
    host: new URL(url).hostname,
    transport: "static-list",
    source: file,
  })
  return Layer.effect(
    Discovery,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      return Discovery.of({
        scan: fs.readFileString(file).pipe(
          Effect.flatMap(decode),
          Effect.map((entries) => ({ announcements: entries.map(announce), problems: [] })),
          // A scan never fails. An unusable file is a problem, and the other transports continue.
          Effect.catch(({ message }) =>
            Effect.succeed({ announcements: [], problems: [{ source: file, reason: `cannot be used: ${message}` }] }),
          ),
        ),
        // The fleet scans after each interval, and whenever this stream emits.
        changes: Stream.never,
      })
    }),
  )
}

serveFleetWith(
  mergedDiscovery({
    "static-list": staticList(process.argv[2] ?? "list.json"),
    configured: configuredDiscovery(Settings.fromEnvironment),
  }),
  Settings.fromEnvironment,
).pipe(
  Effect.provide(NodeServices.layer),
  // stdout belongs to the protocol, so an error such as a setting that cannot be used goes to stderr.
  Effect.tapError(({ message }) => Console.error(message)),
  Effect.provideService(Logger.LogToStderr, true),
  NodeRuntime.runMain({ disableErrorReporting: true }),
)
// #endregion
