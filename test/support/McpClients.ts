/** The built executable under each kind of MCP client: SDK 2 in both protocol eras, and SDK 1. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { Client as ClientOfSdk1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport as StdioClientTransportOfSdk1 } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport as HttpClientTransportOfSdk1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { CallToolResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { Context, Duration, Effect, Layer, Schema, type Scope } from "effect"
import { executable, makeRelay, type Relay, type Variables } from "./Executable.ts"
import { type Options, RealOpencode } from "./RealOpencode.ts"
import { patience } from "./patience.ts"

export const kinds = ["SDK 2", "SDK 2 of 2026-07-28", "SDK 1"] as const
export type Kind = (typeof kinds)[number]

/** A tool's error. The text is all that a model sees. */
export class ToolFailed extends Schema.TaggedError<ToolFailed>()("ToolFailed", { text: Schema.String }) {
  override get message() {
    return this.text
  }
}

export interface Progress {
  readonly progress: number
  readonly message?: string | undefined
}

/** A form that the server shows to the person. */
export interface Form {
  readonly message: string
  readonly requestedSchema?: unknown
}

export type Filled =
  | { readonly action: "accept"; readonly content: Record<string, string | number | boolean | Array<string>> }
  | { readonly action: "decline" | "cancel" }

/** The person at the client. A withdrawn form interrupts the effect. */
export type Person = (form: Form) => Effect.Effect<Filled>

/** The used part of a tool's declaration: its name and the schema of its answer. */
interface Declared<A> {
  readonly name: string
  readonly successSchema: Schema.ConstraintDecoder<A>
}

export interface McpClient {
  /** The server's capabilities. */
  readonly capabilities: unknown
  readonly protocolVersion: string | undefined
  /** Names of the tools. */
  readonly tools: ReadonlyArray<string>
  /** The decoded `structuredContent`, which the SDK has validated against the output schema. Fails with a tool's error. */
  readonly call: <A>(
    tool: Declared<A>,
    parameters?: Readonly<Record<string, unknown>>,
    onProgress?: (progress: Progress) => void,
  ) => Effect.Effect<A, ToolFailed>
  /** The readable text, also of an error. */
  readonly text: (
    tool: { readonly name: string },
    parameters?: Readonly<Record<string, unknown>>,
  ) => Effect.Effect<string>
  /** The executable's stderr so far. */
  readonly stderr: Effect.Effect<string>
}

interface Call {
  readonly name: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal
  readonly onProgress: ((progress: Progress) => void) | undefined
}

/** The common interface of the SDKs, whose types differ. */
interface Connection {
  readonly capabilities: unknown
  readonly protocolVersion: string | undefined
  readonly tools: ReadonlyArray<string>
  readonly call: (call: Call) => Promise<unknown>
  readonly close: () => Promise<void>
}

interface Command {
  readonly command: string
  readonly args: Array<string>
  readonly env: Record<string, string>
  readonly stderr: "pipe"
}

/** An endpoint over HTTP. */
export interface Endpoint {
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>
}

interface Way {
  readonly server: Command | Endpoint
  readonly person: Person | undefined
  readonly listen: (transport: { readonly stderr: unknown }) => void
}

/** Patient, because a server takes its time to start on a busy machine. */
const reconnectionOptions = {
  initialReconnectionDelay: 1000,
  maxReconnectionDelay: 5000,
  reconnectionDelayGrowFactor: 1,
  maxRetries: 100,
}

const httpOptions = ({ fetch, headers = {} }: Endpoint) => ({
  requestInit: { headers },
  reconnectionOptions,
  ...(fetch === undefined ? {} : { fetch }),
})

const info = { name: "opencode-fleet-tests", version: "1.0.0" }

const options = ({ onProgress: onprogress, signal }: Call) => ({
  signal,
  timeout: Duration.toMillis(patience),
  ...(onprogress === undefined ? {} : { onprogress, resetTimeoutOnProgress: true }),
})

/** Without a person, the client announces no elicitation. */
const capabilities = (person: Person | undefined) => (person === undefined ? {} : { elicitation: { form: {} } })

const connectSdk2 = async (
  mode: "legacy" | { readonly pin: string },
  { listen, person, server }: Way,
): Promise<Connection> => {
  const client = new Client(info, { versionNegotiation: { mode }, capabilities: capabilities(person) })
  if (person !== undefined) {
    client.setRequestHandler("elicitation/create", ({ params }, { mcpReq: { signal } }) =>
      Effect.runPromise(person(params), { signal }),
    )
  }
  if ("url" in server) {
    await client.connect(new StreamableHTTPClientTransport(server.url, httpOptions(server)))
  } else {
    const transport = new StdioClientTransport(server)
    listen(transport)
    await client.connect(transport)
  }
  // The client validates answers only of tools that it has listed.
  const { tools } = await client.listTools()
  return {
    capabilities: client.getServerCapabilities(),
    protocolVersion: client.getNegotiatedProtocolVersion(),
    tools: tools.map(({ name }) => name),
    call: (call) => client.callTool({ name: call.name, arguments: call.parameters }, options(call)),
    close: () => client.close(),
  }
}

const connectSdk1 = async ({ listen, person, server }: Way): Promise<Connection> => {
  const client = new ClientOfSdk1(info, { capabilities: capabilities(person) })
  if (person !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }, { signal }) =>
      Effect.runPromise(person(params), { signal }),
    )
  }
  if ("url" in server) {
    const transport: Transport = new HttpClientTransportOfSdk1(server.url, httpOptions(server))
    await client.connect(transport)
  } else {
    const transport = new StdioClientTransportOfSdk1(server)
    listen(transport)
    await client.connect(transport)
  }
  const { tools } = await client.listTools()
  return {
    capabilities: client.getServerCapabilities(),
    protocolVersion: undefined,
    tools: tools.map(({ name }) => name),
    call: (call) =>
      client.callTool({ name: call.name, arguments: call.parameters }, CallToolResultSchema, options(call)),
    close: () => client.close(),
  }
}

const open = (kind: Kind, way: Way) => {
  switch (kind) {
    case "SDK 2":
      return connectSdk2("legacy", way)
    case "SDK 2 of 2026-07-28":
      return connectSdk2({ pin: "2026-07-28" }, way)
    case "SDK 1":
      return connectSdk1(way)
  }
}

const decodeResult = Schema.decodeUnknownEffect(
  Schema.Struct({
    isError: Schema.optional(Schema.Boolean),
    content: Schema.Array(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })),
    structuredContent: Schema.optional(Schema.Unknown),
  }),
)

export interface ConnectOptions {
  readonly kind?: Kind
  readonly variables?: Variables
  /** The command that replaces the executable. */
  readonly file?: string
  /** Bounds of the process: its heap in MiB, and how many files and connections it may have open. */
  readonly limits?: { readonly heap: number; readonly descriptors: number }
  readonly person?: Person
}

/** Starts the executable under a client of this kind. Closing the scope ends both. */
export const connect = Effect.fn("connect")(function* (
  relay: Relay,
  { file = executable, kind = "SDK 2", limits, person, variables }: ConnectOptions = {},
): Effect.fn.Return<McpClient, never, Scope.Scope> {
  let stderr = ""
  const command: Command = {
    ...(limits === undefined
      ? { command: process.execPath, args: [file] }
      : {
          command: "sh",
          args: [
            "-c",
            `ulimit -n ${limits.descriptors}; exec "$0" --max-old-space-size=${limits.heap} "$1"`,
            process.execPath,
            file,
          ],
        }),
    env: relay.environment(variables),
    stderr: "pipe",
  }
  return yield* clientOf(
    kind,
    {
      server: command,
      person,
      listen: ({ stderr: stream }) => {
        if (stream instanceof Object && "on" in stream && typeof stream.on === "function") {
          stream.on("data", (chunk: unknown) => (stderr += String(chunk)))
        }
      },
    },
    () => stderr,
  )
})

/** Connects a client of this kind over HTTP. */
export const connectHttp = (
  endpoint: Endpoint,
  { kind = "SDK 2", person }: Pick<ConnectOptions, "kind" | "person"> = {},
) => clientOf(kind, { server: endpoint, person, listen: () => {} }, () => "")

const clientOf = Effect.fnUntraced(function* (
  kind: Kind,
  way: Way,
  stderr: () => string,
): Effect.fn.Return<McpClient, never, Scope.Scope> {
  const connection = yield* Effect.acquireRelease(
    Effect.promise(() => open(kind, way)),
    ({ close }) => Effect.promise(close),
  )
  const ask = (
    name: string,
    parameters: Readonly<Record<string, unknown>>,
    onProgress: ((progress: Progress) => void) | undefined,
  ) =>
    Effect.tryPromise((signal) => connection.call({ name, parameters, signal, onProgress })).pipe(
      Effect.flatMap(decodeResult),
      Effect.map((result) => ({ ...result, text: result.content.map(({ text }) => text).join("\n") })),
      Effect.orDie,
    )
  return {
    capabilities: connection.capabilities,
    protocolVersion: connection.protocolVersion,
    tools: connection.tools,
    call: (tool, parameters = {}, onProgress) =>
      Effect.flatMap(ask(tool.name, parameters, onProgress), ({ isError, structuredContent, text }) =>
        isError === true
          ? Effect.fail(new ToolFailed({ text }))
          : Effect.orDie(Schema.decodeUnknownEffect(tool.successSchema)(structuredContent)),
      ),
    text: (tool, parameters = {}) => Effect.map(ask(tool.name, parameters, undefined), ({ text }) => text),
    stderr: Effect.sync(stderr),
  }
})

/** A connected client whose fleet is one real opencode, called `main`. The relay and the opencode stay available. */
export class FleetClient extends Context.Service<FleetClient, McpClient & { readonly relay: Relay }>()(
  "opencode-fleet/test/FleetClient",
) {
  static readonly layer = (opencode?: Options, options?: ConnectOptions) =>
    Layer.effect(
      FleetClient,
      Effect.gen(function* () {
        const relay = yield* makeRelay()
        yield* relay.register("main", yield* RealOpencode)
        return { ...(yield* connect(relay, options)), relay }
      }),
    ).pipe(Layer.provideMerge(RealOpencode.layer(opencode)))
}
