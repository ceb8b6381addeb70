/** What a person must know about the token of a configuration over HTTP. */
import type { Client } from "./clientConfigurations.ts"
import { isLocal, tokenVariable } from "./endpointUrl.ts"
import { loginNote } from "./loginNotes.ts"
import { httpConfigurations, printsToken, type Remote } from "./httpConfigurations.ts"

export const tokenNotes = (client: Client, title: string, { source, url }: Remote): ReadonlyArray<string> => {
  if (source.kind === "login") return [loginNote(client, title)]
  const { containsToken = false, usesVariable } = httpConfigurations[client]
  const notes: Array<string> = []
  if (usesVariable(source)) {
    const example = source.kind === "file" ? `: export ${tokenVariable}="$(${printsToken(source)})"` : "."
    notes.push(`The token is not part of this configuration. Start ${title} where ${tokenVariable} holds it${example}`)
  } else if (containsToken) {
    notes.push(
      source.kind === "file"
        ? "This configuration contains the token. Put it only where others cannot read it: with the token they could control your agents."
        : "Replace TOKEN with a token of the server, and put it only where others cannot read it.",
    )
  } else if (client === "vscode") {
    const where = source.kind === "file" ? ` (the first word in ${source.file})` : ""
    notes.push(`VS Code asks for the token once${where}, and stores it securely.`)
  }
  if (new URL(url).protocol === "http:" && !isLocal(url)) {
    notes.push("Over http:// everyone on the way to the server can read the token. Use https://.")
  }
  return notes
}
