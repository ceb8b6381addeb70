/** The README and the pages of docs/, as text. */
import { readdirSync, readFileSync } from "node:fs"

const root = new URL("../../", import.meta.url)

/** The content of a file, by its path from the repository's root. */
export const read = (path: string): string => readFileSync(new URL(path, root), "utf8")

/** Files in a folder, by their paths from the repository's root. */
export const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(new URL(`${folder}/`, root)).map((name) => `${folder}/${name}`)

export const pages: ReadonlyArray<string> = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...filesIn("docs").filter((path) => path.endsWith(".md")),
]

/** The text below a heading, up to the next heading of the same or a higher level. */
export const section = (page: string, heading: string): string => {
  const lines = page.split("\n")
  const start = lines.indexOf(heading)
  const level = heading.indexOf(" ")
  const rest = start === -1 ? [] : lines.slice(start + 1)
  const end = rest.findIndex((line) => /^#+ /u.test(line) && line.indexOf(" ") <= level)
  return rest.slice(0, end === -1 ? rest.length : end).join("\n")
}

/** The cells of a text's table rows, without the header. */
export const rows = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/u)
        .map((cell) => cell.trim()),
    )
