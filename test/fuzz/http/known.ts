/** Opens a session and a login, as clients do, for the requests that use them. */
import { Effect } from "effect"
import type { Known } from "./requests.ts"

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } },
})

export const makeKnown = (port: number, tokens: Pick<Known, "token" | "reader">) =>
  Effect.promise(async (): Promise<Known> => {
    const url = `http://127.0.0.1:${port}`
    const opened = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${tokens.token}`,
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
      },
      body: initialize,
    })
    const text = await opened.text()
    const login = await fetch(`${url}/login`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ token: tokens.token }),
    })
    const cookie = /opencode-fleet=([^;]+)/u.exec(login.headers.get("set-cookie") ?? "")?.[1]
    const session = opened.headers.get("mcp-session-id")
    const event = /^id: (.+)$/mu.exec(text)?.[1]
    if (session === null || cookie === undefined || event === undefined) {
      throw new Error(`no session or login: ${opened.status} ${text.slice(0, 300)} ${login.status}`)
    }
    return { ...tokens, session, event, cookie }
  })
