/** Draws terminal output as an SVG image: a window with a title, and text in the colours that its ANSI codes choose. */

export interface TerminalSvgOptions {
  readonly title: string
  /** Longer lines are wrapped here, as a terminal does. */
  readonly columns: number
}

/** Text in one style. */
interface Run {
  readonly text: string
  readonly style: string
}

const fontSize = 14
const lineHeight = 19
/** Width of a character of the usual monospace fonts, in pixels at `fontSize`. */
const characterWidth = fontSize * 0.602
const padding = 18
const titleHeight = 36

/** CSS classes by SGR code. A code that ends a style has the empty one. */
const styles: Readonly<Record<string, string>> = {
  "0": "",
  "1": "bold",
  "2": "dim",
  "22": "",
  "33": "yellow",
  "36": "cyan",
  "39": "",
}

const css = `
  text { font: ${fontSize}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d5dbe3; white-space: pre }
  .bold { font-weight: bold; fill: #ffffff }
  .dim { fill: #8b96a5 }
  .yellow { fill: #e8c268 }
  .cyan { fill: #6cc7d9 }
  .title { fill: #8b96a5; text-anchor: middle }`

const escapeXml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** The lines of a text, each in its runs. A style holds across line ends. */
const styledLines = (text: string): ReadonlyArray<ReadonlyArray<Run>> => {
  let style = ""
  return text.split("\n").map((line) =>
    // eslint-disable-next-line no-control-regex
    line.split(/\u001B\[(\d+)m/u).flatMap((piece, index) => {
      if (index % 2 === 0) return piece === "" ? [] : [{ text: piece, style }]
      style = styles[piece] ?? ""
      return []
    }),
  )
}

const wrapped = (line: ReadonlyArray<Run>, columns: number): ReadonlyArray<ReadonlyArray<Run>> => {
  const rows: Array<Array<Run>> = [[]]
  let free = columns
  for (const { style, text } of line) {
    const characters = [...text]
    while (characters.length > 0) {
      if (free === 0) {
        rows.push([])
        free = columns
      }
      const taken = characters.splice(0, free)
      rows.at(-1)?.push({ text: taken.join(""), style })
      free -= taken.length
    }
  }
  return rows
}

const drawnRun = ({ style, text }: Run) =>
  style === "" ? escapeXml(text) : `<tspan class="${style}">${escapeXml(text)}</tspan>`

/** An SVG document that shows `text` in a terminal window as wide as `columns`. */
export const terminalSvg = (text: string, { columns, title }: TerminalSvgOptions): string => {
  const rows = styledLines(text).flatMap((line) => wrapped(line, columns))
  const width = Math.ceil(columns * characterWidth + 2 * padding)
  const height = titleHeight + rows.length * lineHeight + padding
  const drawn = rows.map((row, index) =>
    row.length === 0
      ? ""
      : `<text x="${padding}" y="${titleHeight + (index + 1) * lineHeight - 5}" xml:space="preserve">${row.map(drawnRun).join("")}</text>\n`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>${css}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#161b22"/>
<circle cx="22" cy="18" r="6" fill="#ff5f57"/><circle cx="42" cy="18" r="6" fill="#febc2e"/><circle cx="62" cy="18" r="6" fill="#28c840"/>
<text class="title" x="${width / 2}" y="23">${escapeXml(title)}</text>
${drawn.join("")}</svg>
`
}
