/** Versions of the clients that are dependencies of this repository. */
import { fileURLToPath } from "node:url"
import { readFileSync } from "node:fs"

const root = fileURLToPath(new URL("../../node_modules", import.meta.url))

const packageOf = (client: string) =>
  client.startsWith("opencode")
    ? "opencode-ai"
    : client === "SDK 1"
      ? "@modelcontextprotocol/sdk"
      : "@modelcontextprotocol/client"

export const versionOf = (client: string) => {
  const { version } = JSON.parse(readFileSync(`${root}/${packageOf(client)}/package.json`, "utf8")) as {
    version: string
  }
  return version
}
