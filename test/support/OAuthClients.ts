/** Clients that log in over OAuth as those of a person do: registration, browser, code, token. The browser approves by itself. */
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client"
import { Client as ClientOfSdk1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as HttpClientTransportOfSdk1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import { Effect } from "effect"

export const oauthKinds = ["SDK 1", "SDK 2"] as const
export type OAuthKind = (typeof oauthKinds)[number]

const info = { name: "opencode-fleet-tests", version: "1.0.0" }

const redirectUrl = "http://127.0.0.1:1/callback"

/** What a client remembers, and the code that the browser has brought back. */
class Memory {
  code: string | undefined
  client: OAuthClientInformationMixed | undefined
  tokens: OAuthTokens | undefined
  verifier = ""
  discovery: OAuthDiscoveryState | undefined

  readonly provider = {
    redirectUrl,
    clientMetadata: { client_name: "tests", redirect_uris: [redirectUrl], token_endpoint_auth_method: "none" },
    clientInformation: () => this.client,
    saveClientInformation: (client: OAuthClientInformationMixed) => void (this.client = client),
    tokens: () => this.tokens,
    saveTokens: (tokens: OAuthTokens) => void (this.tokens = tokens),
    redirectToAuthorization: async (url: URL) => {
      const { headers } = await fetch(url, { redirect: "manual" })
      this.code = new URL(headers.get("location") ?? "").searchParams.get("code") ?? undefined
    },
    saveCodeVerifier: (verifier: string) => void (this.verifier = verifier),
    codeVerifier: () => this.verifier,
    saveDiscoveryState: (discovery: OAuthDiscoveryState) => void (this.discovery = discovery),
    discoveryState: () => this.discovery,
  } satisfies OAuthClientProvider
}

const open = (kind: OAuthKind, url: URL, { provider }: Memory) => {
  if (kind === "SDK 1") {
    const transport = new HttpClientTransportOfSdk1(url, { authProvider: provider })
    const client = new ClientOfSdk1(info)
    const common: Transport = transport
    return {
      connect: () => client.connect(common),
      finish: (code: string) => transport.finishAuth(code),
      list: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (name: string, parameters: Record<string, unknown>): Promise<unknown> =>
        client.callTool({ name, arguments: parameters }),
      close: () => client.close(),
    }
  }
  const transport = new StreamableHTTPClientTransport(url, { authProvider: provider })
  const client = new Client(info)
  return {
    connect: () => client.connect(transport),
    finish: (code: string) => transport.finishAuth(code),
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name: string, parameters: Record<string, unknown>): Promise<unknown> =>
      client.callTool({ name, arguments: parameters }),
    close: () => client.close(),
  }
}

/** Does it again after a login, if one was asked for. */
const withLogin = async <A>(memory: Memory, finish: (code: string) => Promise<void>, act: () => Promise<A>) => {
  try {
    return await act()
  } catch (error) {
    const { code } = memory
    if (code === undefined) throw error
    memory.code = undefined
    await finish(code)
    return undefined
  }
}

const connect = async (kind: OAuthKind, url: URL) => {
  const memory = new Memory()
  let session = open(kind, url, memory)
  const first = session
  const isIn = await withLogin(memory, first.finish, async () => {
    await first.connect()
    return true
  })
  if (isIn === undefined) {
    session = open(kind, url, memory)
    await session.connect()
  }
  return {
    tools: await session.list(),
    /** Logs in again if the call needs more, and repeats it. */
    call: async (name: string, parameters: Record<string, unknown>): Promise<unknown> =>
      (await withLogin(memory, session.finish, () => session.call(name, parameters))) ?? session.call(name, parameters),
    close: () => session.close(),
  }
}

/** Connects without a token, so that the client has to log in. */
export const connectByLogin = (kind: OAuthKind, url: URL) =>
  Effect.acquireRelease(
    Effect.promise(() => connect(kind, url)),
    ({ close }) => Effect.promise(close),
  )
